"""Counts into tocsind: acknowledged after COMMIT, once, and refused by name."""
import struct
import time

import pytest
import zmq

import sender
from daemon import Daemon
from sender import BATCH, HEADER, HELLO, NACK, PING, Sender, batch, frame, parse

DAY = "2020-03-02"


@pytest.fixture
def daemon(tmp_path):
    with Daemon(tmp_path) as d:
        d.world()
        d.advance(DAY)
        yield d


def clinic(daemon, **more):
    return Sender(daemon.address(), "clinic-1", **more)


def row(count, date=DAY, **more):
    return {"date": date, "indicator": "ili-visit", "count": count, **more}


def raw(daemon, data, timeout=30.0):
    """Sends bytes as they are; the answer, or None."""
    s = zmq.Context.instance().socket(zmq.DEALER)
    s.linger = 0
    s.connect(daemon.address())
    try:
        s.send(data)
        return parse(s.recv()) if s.poll(int(timeout * 1000)) else None
    finally:
        s.close()


def nack(answer):
    assert answer is not None and answer.kind == NACK
    return sender.messages().Nack.FromString(answer.body)


def test_a_count_is_kept_before_it_is_acknowledged(daemon):
    with clinic(daemon) as s:
        s.hello()
        s.wait_ack(s.send([row(7)]))
        daemon.kill()
    assert daemon.counts() == {
        ("clinic-1", "ili-visit", "", 18323): (7, 0)}


def test_the_same_frame_twice_counts_once(daemon):
    with clinic(daemon) as s:
        s.hello()
        seq = s.send([row(7)])
        s.wait_ack(seq)
        for _ in range(3):
            s.socket.send(s.outbox[seq])
        assert s.ping()
    assert daemon.rows("SELECT count(*) FROM ledger") == [(1,)]
    assert daemon.status()["intake"]["again"] == 3


def test_many_frames_in_one_window(daemon):
    with clinic(daemon) as s:
        s.hello()
        for i in range(200):
            s.put([row(i, revision=i + 1)])
        s.wait_ack()
    assert daemon.counts()[("clinic-1", "ili-visit", "", 18323)] == (199, 0)
    assert daemon.rows("SELECT count(*), max(seq) FROM ledger") == [(200, 200)]
    assert daemon.rows("SELECT count(*) FROM counts_old") == [(199,)]


def test_an_early_frame_is_sent_back(daemon):
    with clinic(daemon) as s:
        s.hello()
        s.put([row(1, revision=1)])
        s.put([row(2, revision=9)])
        s.socket.send(s.outbox[2])
        answer = parse(s.socket.recv())
        assert nack(answer).code == sender.EXPECTED
        assert nack(answer).expected_seq == 1
        s.wait_ack()
    assert daemon.counts()[("clinic-1", "ili-visit", "", 18323)] == (2, 0)


def test_a_copied_outbox_is_found(daemon):
    with clinic(daemon, epoch=5) as s:
        s.hello()
        s.wait_ack(s.send([row(1)]))
    with clinic(daemon, epoch=5) as other:
        other.connect()
        other.put([row(2)])
        other.socket.send(other.outbox[1])
        assert nack(parse(other.socket.recv())).code == 3
    assert daemon.status()["intake"]["forks"] == 1
    assert daemon.counts()[("clinic-1", "ili-visit", "", 18323)] == (1, 0)


def test_a_gap_is_written_down_and_passed(daemon):
    with clinic(daemon, epoch=6, first_seq=41) as s:
        s.hello()
        s.wait_ack(s.send([row(1)]))
        assert s.durable == 41
    assert daemon.rows("SELECT sender, first_seq, last_seq FROM gap") == [
        ("clinic-1", 1, 40)]
    assert daemon.status()["intake"]["gaps"] == 1
    assert "gap sender=clinic-1 first=1 last=40" in daemon.text()


def test_a_restored_centre_is_sent_again_what_it_lacks(daemon, tmp_path):
    with clinic(daemon, epoch=8) as s:
        s.hello()
        s.wait_ack(s.send([row(1)]))
        daemon.stop()
        backup = (daemon.state / "tocsin.db").read_bytes()
        daemon.start()
        s.address = daemon.address()
        s.connect()
        s.hello()
        s.wait_ack(s.send([row(2, "2020-03-01")]))
        daemon.stop()
        (daemon.state / "tocsin.db").write_bytes(backup)
        daemon.start()
        s.address = daemon.address()
        s.connect()
        s.hello()
        s.wait_ack()
    assert len(daemon.counts()) == 2


# Bad input: each refused with a name that the sender is told and that counts.

def refused(daemon, rows, who="clinic-1"):
    """The ACK's refusals of a frame with these rows; good ones are kept."""
    with Sender(daemon.address(), who) as s:
        s.hello()
        s.wait_ack(s.send(rows))
        return [(r.index, r.code, r.reason) for r in s.refused]


@pytest.mark.parametrize("bad, code, name, words", [
    ({"date": "2020-03-04"}, 7, "day", "beyond tomorrow"),
    ({"date": "2017-01-01"}, 7, "day", "older than the horizon"),
    ({"site": "clinic-l"}, 5, "unknown-site", "did you mean clinic-1"),
    ({"indicator": "ili-vist"}, 6, "unknown-indicator",
     "did you mean ili-visit"),
    ({"site": "clinic-2"}, 4, "unauthorised",
     "clinic-1 may not report for site clinic-2"),
])
def test_a_bad_count_is_refused_and_the_good_ones_kept(daemon, bad, code, name,
                                                       words):
    answer = refused(daemon, [row(1), row(2, **bad) if "date" not in bad
                              else row(2, bad["date"]),
                              row(3, "2020-03-01")])
    assert [(i, c) for i, c, _ in answer] == [(1, code)]
    assert words in answer[0][2]
    assert len(daemon.counts()) == 2
    assert daemon.metric(f'refused_total{{reason="{name}"}}') == 1
    assert daemon.rows("SELECT count_index, code FROM rejected") == [(1, name)]


def test_tomorrow_is_taken(daemon):
    assert refused(daemon, [row(1, "2020-03-03")]) == []


def test_a_gateway_reports_for_the_sites_that_name_it(daemon):
    answer = refused(daemon, [
        {"date": DAY, "site": "school-1", "indicator": "ill-absence", "count": 3},
        {"date": DAY, "site": "clinic-1", "indicator": "ili-visit",
         "count": 4}], who="gate-1")
    assert [(i, c) for i, c, _ in answer] == [(1, 4)]
    assert list(daemon.counts()) == [("school-1", "ill-absence", "", 18323)]


def test_more_series_than_a_site_may_have(tmp_path):
    with Daemon(tmp_path, intake_series_per_site=5) as d:
        d.world()
        d.advance(DAY)
        answer = refused(d, [row(1, stratum=f"s{i}") for i in range(7)])
        assert [(i, c) for i, c, _ in answer] == [(5, 9), (6, 9)]


def good_frame(seq=1, epoch=77):
    body = batch("clinic-1", [row(1)]).SerializeToString()
    return frame(BATCH, epoch, seq, body)


@pytest.mark.parametrize("data, name", [
    (good_frame()[:20], "truncated"),
    (good_frame()[:-3], "truncated"),
    (good_frame() + b"x", "trailing"),
    (b"XXXX" + good_frame()[4:], "magic"),
    (good_frame()[:4] + b"\2" + good_frame()[5:], "version"),
    (good_frame()[:5] + b"\x63" + good_frame()[6:], "type"),
    (good_frame()[:-1] + b"\7", "crc"),
    (frame(BATCH, 1, 1, b"\0" * (300 * 1024)), "oversized"),
], ids=["short", "cut", "trailing", "magic", "version", "type", "crc",
        "oversized"])
def test_what_is_not_a_frame_is_refused_by_name(daemon, data, name):
    answer = nack(raw(daemon, data))
    assert answer.code == 11
    assert answer.reason.startswith(f"{name}:")
    assert daemon.metric(f'bad_frames_total{{reason="{name}"}}') == 1
    assert daemon.counts() == {}


OVERSIZED = 'bad_frames_total{reason="oversized-cut"}'


def dealer(daemon, nth):
    """A peer that was answered; the centre has noticed its connection, the
    nth."""
    s = zmq.Context.instance().socket(zmq.DEALER)
    s.linger = 0
    s.reconnect_ivl = -1
    s.connect(daemon.address())
    s.send(frame(PING, 1, 0))
    assert s.poll(30000)
    assert s.recv()
    until(lambda: daemon.metric("zmq_connections_accepted_total") >= nth)
    return s


def until(true):
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_above_a_mebibyte_the_connection_is_cut_and_counted(daemon):
    with clinic(daemon) as other:
        other.hello()
        other.wait_ack(other.send([row(7)]))
        ended = daemon.metric("zmq_connections_ended_total")
        leaving = dealer(daemon, 2)
        leaving.close()
        until(lambda: daemon.status()["door"]["ended"] > ended)
        s = dealer(daemon, 3)
        s.send(frame(BATCH, 1, 1, b"\0" * 2048 * 1024))
        until(lambda: daemon.metric(OVERSIZED) > 0)
        assert not s.poll(0)
        assert daemon.metric("zmq_connections_ended_total") >= ended + 2
        assert daemon.metric(OVERSIZED) == 1
        assert daemon.status()["intake"]["refused"] == {"oversized-cut": 1}
        assert "peer=127.0.0.1:" in daemon.text()
        assert "above 1024 KiB" in daemon.text()
        s.close()
        other.wait_ack(other.send([row(8, "2020-03-01")]))
        assert sorted(daemon.counts().values()) == [(7, 0), (8, 0)]


def unequal_columns():
    message = batch("clinic-1", [row(1), row(2, "2020-03-01")])
    message.value.append(3)
    return message


def test_a_poisoned_frame_is_passed_over_for_good(daemon):
    with clinic(daemon) as s:
        s.hello()
        bad = s.put(unequal_columns())
        s.put([row(5)])
        s.wait_ack()
        assert list(s.rejected) == [bad]
        assert "column" in s.rejected[bad]
    assert daemon.metric('bad_frames_total{reason="columns"}') == 1
    assert daemon.rows("SELECT count_index, seq FROM rejected") == [(-1, bad)]
    assert daemon.counts() == {
        ("clinic-1", "ili-visit", "", 18323): (5, 0)}


def test_garbage_does_no_harm(daemon):
    import random
    rng = random.Random(20200302)
    s = zmq.Context.instance().socket(zmq.DEALER)
    s.linger = 0
    s.connect(daemon.address())
    base = good_frame()
    for i in range(2000):
        data = bytearray(base)
        if i % 3 == 0:
            data = bytearray(rng.randbytes(rng.randrange(200)))
        elif i % 3 == 1:
            data = data[:rng.randrange(len(data))]
        else:
            for _ in range(rng.randrange(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
        s.send(bytes(data))
        while s.poll(0):
            s.recv()
    s.close()
    with clinic(daemon) as good:
        good.hello()
        good.wait_ack(good.send([row(7)]))
    assert daemon.process.poll() is None


# Revisions.

def value(daemon, date=18323):
    return daemon.counts()[("clinic-1", "ili-visit", "", date)]


def test_the_larger_revision_holds_whatever_the_order(daemon):
    with clinic(daemon) as s:
        s.hello()
        s.send([row(5, revision=2)])
        s.send([row(9, revision=1)])
        s.wait_ack()
    assert value(daemon) == (5, 0)


def test_the_past_can_be_asked(daemon):
    """What was known at the end of each day, whatever came later."""
    for day, count in (("2020-03-02", 5), ("2020-03-04", 8)):
        daemon.advance(day)
        assert daemon.post_csv("date,site,indicator,count\n"
                               f"{DAY},clinic-1,ili-visit,{count}\n")[0] == 202
    def known(as_of):
        query = f"&as_of={as_of}" if as_of else ""
        return daemon.get("/api/v1/series/points?site=clinic-1&indicator="
                          f"ili-visit&from={DAY}&to={DAY}{query}"
                          )["points"][0].get("count")
    assert known("2020-03-01") is None
    assert known("2020-03-02") == known("2020-03-03") == 5
    assert known("2020-03-04") == known(None) == 8


def test_withdrawn_is_not_zero(daemon):
    with clinic(daemon) as s:
        s.hello()
        s.send([row(0, revision=1)])
        s.send([row(None, revision=2)])
        s.wait_ack()
    assert value(daemon) == (0, 2)


@pytest.mark.parametrize("order", [(5, 9), (9, 5)])
def test_one_revision_with_two_values_is_a_conflict(daemon, order):
    with clinic(daemon) as s:
        s.hello()
        for v in order:
            s.send([row(v, revision=1)])
        s.wait_ack()
    assert value(daemon) == (9, 8)
    assert daemon.status()["intake"]["conflicts"] == 1
    assert daemon.rows("SELECT kept, other FROM conflict") == [(9, 5)]


def test_a_revision_by_hand_after_none_is_told(daemon):
    """The centre gave the time in seconds, above which 2 does not come."""
    row = "date,site,indicator,count,revision\n" + f"{DAY},clinic-1,ili-visit,"
    status, body = daemon.post_csv(row + "7,\n")
    assert status == 202 and "older" not in body
    status, body = daemon.post_csv(row + "8,2\n")
    assert (status, body["accepted"], body["older"]) == (202, 1, 1)
    assert "small number" in body["hint"]
    assert value(daemon) == (7, 0)
    with clinic(daemon) as s:
        s.hello()
        s.wait_ack(s.send([{"date": DAY, "indicator": "ili-visit", "count": 9,
                            "revision": 3}]))
        assert s.older == 1 and s.hints == [body["hint"]]
    until(lambda: daemon.metric("older_by_hand_total") == 2)
    assert daemon.text().count("is a small number") == 1
    assert value(daemon) == (7, 0)
    status, body = daemon.post_csv(row + "9,4294967295\n")
    assert status == 202 and "older" not in body and "hint" not in body
    assert value(daemon) == (9, 0)


def test_a_hint_may_follow_the_acknowledgement(tmp_path):
    """A frame too large for one transaction is acknowledged first."""
    with Daemon(tmp_path, intake_at_once=1) as d:
        d.world()
        d.advance(DAY)
        with clinic(d) as s:
            s.hello()
            rows = [dict(row(i), stratum=f"s{i}") for i in range(9)]
            s.wait_ack(s.send(rows))
            assert s.older == 0
            s.wait_ack(s.send([dict(r, revision=3) for r in rows]))
            s.pump(time.monotonic() + 60, lambda: s.older > 0)
            assert s.older == 9 and len(s.hints) == 1


def test_a_window_follows_the_backlog(tmp_path):
    with Daemon(tmp_path, intake_window=3) as d:
        d.world()
        d.advance(DAY)
        with clinic(d) as s:
            s.hello()
            assert s.window == 3


# Over HTTP.

CSV = f"date,site,indicator,count\n{DAY},clinic-1,ili-visit,7\n"


def test_counts_over_http_are_kept_once(daemon):
    status, body = daemon.post_csv(CSV)
    assert (status, body["accepted"], body["duplicate"]) == (202, 1, False)
    status, body = daemon.post_csv(CSV)
    assert (status, body["accepted"], body["duplicate"]) == (202, 1, True)
    assert daemon.rows("SELECT count(*) FROM ledger") == [(1,)]
    daemon.kill()
    assert value(daemon)[0] == 7


def test_a_body_of_earlier_needs_a_name_to_count_again(daemon):
    for text, more, kept in ((CSV, {}, 7), (CSV.replace(",7", ",8"), {}, 8),
                             (CSV, {}, 8), (CSV, {"Idempotency-Key": "x"}, 7)):
        status, body = daemon.post_csv(text, **more)
        assert (status, body["accepted"]) == (202, 1)
        assert value(daemon)[0] == kept


def test_an_idempotency_key_with_another_body_is_refused(daemon):
    key = {"Idempotency-Key": "monday"}
    assert daemon.post_csv(CSV, **key)[0] == 202
    status, body = daemon.post_csv(CSV.replace(",7", ",8"), **key)
    assert status == 422
    assert "another body" in body["detail"]
    assert value(daemon)[0] == 7


def test_a_bad_row_refuses_the_whole_request(daemon):
    status, body = daemon.post_csv(CSV + f"{DAY},clinic-1,ili-visit,many\n")
    assert status == 422
    assert body["errors"][0]["at"] == "line 3"
    assert daemon.counts() == {}


def test_json_over_http(daemon):
    text = ('{"site": "clinic-1", "counts": [{"date": "2020-03-02",'
            ' "indicator": "ili-visit", "count": 3, "denominator": 40}],'
            ' "closed": [{"date": "2020-03-02"}]}')
    status, body = daemon.ask("POST", "/api/v1/counts", text.encode())
    assert (status, body["accepted"], body["closed"]) == (202, 1, 1)
    assert daemon.rows("SELECT value, denominator FROM counts") == [(3, 40)]
    assert daemon.rows("SELECT day, site FROM closed") == [(18323, "clinic-1")]
    text = '\ufeff{"closed": [{"date": "2020-03-02", "site": "clinic-x"}]}'
    status, body = daemon.ask("POST", "/api/v1/counts", text.encode())
    assert (status, body["closed"], body["closed_refused"]) == (202, 0, 1)


def test_what_was_refused_may_come_again(daemon):
    text = f"date,site,indicator,count\n{DAY},clinic-9,ili-visit,7\n"
    status, body = daemon.post_csv(text)
    assert (status, body["refused"][0]["code"]) == (202, "unknown-site")
    daemon.world(sites="site,kind,area,name\nclinic-9,fever-clinic,K1,Nine\n")
    status, body = daemon.post_csv(text)
    assert (status, body["accepted"], body["duplicate"]) == (202, 1, False)


def test_a_start_knows_what_the_last_run_knew(daemon):
    daemon.post_csv(CSV)
    before = daemon.get("/api/v1/sites"), daemon.get("/api/v1/areas")
    assert daemon.stop() == 0
    daemon.start()
    assert (daemon.get("/api/v1/sites"), daemon.get("/api/v1/areas")) == before
    status = daemon.status()
    assert status["today"] == DAY
    assert status["series"] == 1
    assert status["judge"]["cells_set"] == 1
