"""Who may send: CURVE keys, their rotation and revocation, enrolment."""
import base64
import json
import socket
import subprocess
import time

import pytest
import zmq

from daemon import BIN, Daemon
from sender import BATCH, Sender, batch, frame

DAY = "2020-03-02"
ROW = [{"date": DAY, "indicator": "ili-visit", "count": 7}]


@pytest.fixture
def daemon(tmp_path):
    with Daemon(tmp_path, curve=True) as d:
        d.world()
        d.advance(DAY)
        yield d


def add_key(daemon, site, public):
    return daemon.ask("POST", f"/api/v1/sites/{site}/keys",
                      json.dumps({"key": public.decode()}).encode())


def known(daemon, site):
    """A key pair that the centre knows as the site's."""
    keys = zmq.curve_keypair()
    status, body = add_key(daemon, site, keys[0])
    assert status == 201, body
    return keys, body["fingerprint"]


def connect(daemon, site, keys):
    s = Sender(daemon.address(), site, keys=keys,
               server_key=daemon.address("zmq-key").encode())
    s.connect()
    return s


def test_a_known_key_sends(daemon):
    keys, _ = known(daemon, "clinic-1")
    s = connect(daemon, "clinic-1", keys)
    s.hello()
    s.wait_ack(s.send(ROW))
    s.close()


def test_a_stranger_is_kept_out(daemon):
    s = connect(daemon, "clinic-1", zmq.curve_keypair())
    with pytest.raises((TimeoutError, zmq.Again)):
        s.socket.sndtimeo = 1000
        s.hello(timeout=1.5)
    s.close()
    assert daemon.counts() == {}


def test_no_key_at_all_is_kept_out(daemon):
    s = Sender(daemon.address(), "clinic-1")
    s.connect()
    with pytest.raises((TimeoutError, zmq.Again)):
        s.socket.sndtimeo = 1000
        s.hello(timeout=1.5)
    s.close()


def test_a_key_speaks_for_its_own_site_only(daemon):
    from sender import Refused
    keys, _ = known(daemon, "clinic-2")
    s = connect(daemon, "clinic-1", keys)
    with pytest.raises(Refused) as refused:
        s.hello()
    assert refused.value.code == 4
    assert "clinic-2" in refused.value.reason
    s.close()


def test_two_keys_while_one_is_changed_and_no_third(daemon):
    for _ in range(2):
        keys, _ = known(daemon, "clinic-1")
        s = connect(daemon, "clinic-1", keys)
        s.hello()
        s.close()
    status, body = add_key(daemon, "clinic-1", zmq.curve_keypair()[0])
    assert status == 409, body


def test_a_revoked_key_is_refused_on_the_open_connection(daemon):
    from sender import Refused
    keys, fingerprint = known(daemon, "clinic-1")
    s = connect(daemon, "clinic-1", keys)
    s.hello()
    s.wait_ack(s.send(ROW))
    assert daemon.ask("DELETE", f"/api/v1/keys/{fingerprint}")[0] == 200
    with pytest.raises(Refused) as refused:
        s.send([dict(ROW[0], count=9)])
        s.wait_ack(timeout=30)
    assert refused.value.code == 4
    s.close()
    assert list(daemon.counts().values()) == [(7, 0)]
    daemon.stop()
    daemon.start()  # and after a start as well
    s = connect(daemon, "clinic-1", keys)
    with pytest.raises((TimeoutError, zmq.Again)):
        s.socket.sndtimeo = 1000
        s.hello(timeout=1.5)
    s.close()


def until(true):
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_only_a_senders_oversized_frame_is_counted_as_one(daemon):
    """Strangers are cut as well, whatever they send: not for its size."""
    metric = 'bad_frames_total{reason="oversized-cut"}'
    at = daemon.address().removeprefix("tcp://").rsplit(":", 1)
    ended = daemon.metric("zmq_connections_ended_total")
    with socket.create_connection((at[0], int(at[1]))) as web:
        web.sendall(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 1000)
        until(lambda: daemon.metric("zmq_connections_ended_total") > ended)
    keys, _ = known(daemon, "clinic-1")
    s = connect(daemon, "clinic-1", keys)
    s.hello()
    # The centre's own test of strangers, the web, the sender.
    until(lambda: daemon.metric("zmq_connections_accepted_total") >= 3)
    s.socket.reconnect_ivl = -1
    s.socket.send(frame(BATCH, 1, 1, bytes(2048 * 1024)))
    until(lambda: daemon.metric(metric) > 0)
    s.close()
    s = connect(daemon, "clinic-1", keys)
    s.hello()
    s.wait_ack(s.send(ROW))
    s.close()
    assert daemon.metric(metric) == 1


def invite(daemon, site):
    status, body = daemon.ask("POST", f"/api/v1/sites/{site}/invitation",
                              b"{}")
    assert status == 201, body
    word = body["invitation"]
    assert word.startswith("tocsin1.")
    text = word[8:] + "=" * (-len(word[8:]) % 4)
    return json.loads(base64.urlsafe_b64decode(text))


def enrol(invitation, keys, **more):
    s = zmq.Context.instance().socket(zmq.DEALER)
    s.linger = 0
    s.curve_publickey, s.curve_secretkey = keys
    s.curve_serverkey = invitation["key"].encode()
    s.connect(invitation["enrol"])
    s.send_json({"site": invitation["site"], "secret": invitation["secret"],
                 "key": keys[0].decode(), **more})
    try:
        assert s.poll(5000), "no answer"
        return s.recv_json()
    finally:
        s.close()


def test_an_invited_site_enrols_once(daemon):
    invitation = invite(daemon, "clinic-1")
    keys = zmq.curve_keypair()
    answer = enrol(invitation, keys)
    assert answer["accepted"], answer
    s = connect(daemon, "clinic-1", keys)
    s.hello()
    s.wait_ack(s.send(ROW))
    s.close()
    again = enrol(invitation, zmq.curve_keypair())
    assert not again["accepted"]
    assert "used up" in again["sentence"]


def test_a_site_whose_answer_was_lost_enrols_again(daemon):
    invitation = invite(daemon, "clinic-1")
    keys = zmq.curve_keypair()
    for _ in range(2):
        assert enrol(invitation, keys)["accepted"]
    assert not enrol(invitation, zmq.curve_keypair())["accepted"]
    assert daemon.rows("SELECT sender FROM site_key") == [("clinic-1",)]


def test_a_revoked_key_does_not_enrol(daemon):
    """It may be in wrong hands; the operator alone may take it back."""
    keys, fingerprint = known(daemon, "clinic-1")
    assert daemon.ask("DELETE", f"/api/v1/keys/{fingerprint}")[0] == 200
    answer = enrol(invite(daemon, "clinic-1"), keys)
    assert not answer["accepted"] and "revoked" in answer["sentence"]
    assert add_key(daemon, "clinic-1", keys[0])[0] == 201


def test_a_key_has_one_owner(daemon):
    keys, _ = known(daemon, "clinic-1")
    status, body = add_key(daemon, "clinic-2", keys[0])
    assert (status, body["detail"]) == (409, "this key is another site's")
    answer = enrol(invite(daemon, "clinic-2"), keys)
    assert not answer["accepted"] and "another site" in answer["sentence"]
    s = connect(daemon, "clinic-1", keys)
    s.hello()
    s.close()


@pytest.mark.parametrize("lie", [
    {"secret": "A" * 32}, {"site": "clinic-2"},
    {"key": zmq.curve_keypair()[0].decode()}], ids=["secret", "site", "key"])
def test_a_lie_does_not_enrol(daemon, lie):
    invitation = invite(daemon, "clinic-1")
    assert not enrol(invitation, zmq.curve_keypair(), **lie)["accepted"]
    assert daemon.rows("SELECT count(*) FROM site_key") == [(0,)]


def test_secrets_are_kept_as_hashes_and_not_logged(daemon):
    invitation = invite(daemon, "clinic-1")
    status, body = daemon.ask("POST", "/api/v1/sites/clinic-1/token", b"{}")
    assert status == 201
    daemon.stop()
    for secret in invitation["secret"], body["token"]:
        for path in daemon.state.iterdir():
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
        assert secret not in daemon.text()


def test_a_token_posts_for_its_own_site(tmp_path):
    with Daemon(tmp_path, http_listen="127.0.0.1:0") as d:
        d.world()
        d.advance(DAY)
        status, body = d.ask("POST", "/api/v1/sites/clinic-1/token", b"{}")
        assert status == 201
        import urllib.request

        def post(text, token):
            r = urllib.request.Request(
                d.address("http") + "/api/v1/counts", text.encode(),
                {"Content-Type": "text/csv",
                 "Authorization": f"Bearer {token}"})
            try:
                with urllib.request.urlopen(r) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as e:
                return e.code, None
        text = (f"date,site,indicator,count\n{DAY},clinic-1,ili-visit,7\n"
                f"{DAY},clinic-2,ili-visit,8\n")
        status, answer = post(text, body["token"])
        assert status == 202
        assert answer["accepted"] == 1
        assert answer["refused"][0]["code"] == "unauthorised"
        assert post(text, "x" * 32)[0] in (401, 403)


def test_three_commands_from_nothing_to_counts(daemon, tmp_path):
    """site add, enroll, push: as the integrator's page says."""
    def run(*words):
        done = subprocess.run([str(w) for w in words], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    socket = ["--socket", daemon.state / "tocsin.sock"]
    invitation = run(BIN / "tocsin", "site", "add", "pharmacy-9", "--kind",
                     "pharmacy", "--area", "K1", *socket)
    collect = [BIN / "tocsin-collect", "--state", tmp_path / "site"]
    run(*collect, "enroll", invitation)
    counts = tmp_path / "day.csv"
    counts.write_text("date,site,indicator,count\n"
                      f"{DAY},pharmacy-9,otc-fever,12\n")
    run(*collect, "push", counts)
    assert daemon.counts() == {("pharmacy-9", "otc-fever", "", 18323): (12, 0)}
    key = run(BIN / "tocsin", "site", "key", "pharmacy-9", *socket)
    assert len(key.splitlines()) == 1
    run(BIN / "tocsin", "site", "key", "pharmacy-9", "--revoke",
        key.split()[0], *socket)
    counts.write_text("date,site,indicator,count\n"
                      f"{DAY},pharmacy-9,otc-fever,13\n")
    done = subprocess.run([*map(str, collect), "--wait", "3", "push",
                           str(counts)], capture_output=True, text=True)
    assert done.returncode != 0
    assert len(run(BIN / "tocsin", "site", "token", "pharmacy-9",
                   *socket)) == 32


@pytest.mark.parametrize("address, key", [
    ("tcp://0.0.0.0:8651", "public_address"),
    ("tcp://192.0.2.1:8651", "public_enrol")])
def test_an_invitation_leads_somewhere(tmp_path, address, key):
    """Not to the address that means all of a machine's, nor to loopback."""
    with Daemon(tmp_path, curve=True, zmq_public_address=address) as d:
        d.world()
        status, body = d.ask("POST", "/api/v1/sites/clinic-1/invitation",
                             b"{}")
        assert status == 409 and f"zmq.{key}" in body["detail"]


def test_loopback_only_without_keys(tmp_path):
    d = Daemon(tmp_path, zmq_listen="tcp://0.0.0.0:0")
    d.start(wait=False)
    assert d.process.wait(20) == 78
    assert "curve = no" in d.text()


def test_systemd_may_keep_the_centres_key(tmp_path):
    """As a credential: it goes before the file, and none is made."""
    d = Daemon(tmp_path, curve=True).start()
    key = d.address("zmq-key")
    d.stop()
    (tmp_path / "credentials").mkdir()
    (d.state / "curve.key").rename(tmp_path / "credentials" / "curve.key")
    d.env["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    with d:
        assert d.address("zmq-key") == key
        assert not (d.state / "curve.key").exists()


def test_the_key_file_is_private(daemon):
    assert (daemon.state / "curve.key").stat().st_mode & 0o777 == 0o600
