# Puts what docs/detectors.md says of the methods into their manual page:
#
#   awk -f methods.awk detectors.md tocsin-methods.mdoc > tocsin-methods.7
#
# Headings become sections, bold words that begin a paragraph stay bold, and
# tables stay as they are; of other marks the text is kept.

function plain(text)
{
	gsub(/\\/, "\\e", text)
	gsub(/<sub>/, "_", text)
	gsub(/<sup>/, "^", text)
	gsub(/<\/su[bp]>/, "", text)
	gsub(/\]\([^)]*\)/, "", text)
	gsub(/\[/, "", text)
	gsub(/[`*]/, "", text)
	sub(/^[.']/, "\\\\\\&&", text)
	return text
}

function say(line) { said[n++] = line }

function end_table()
{
	if (table)
		say(".Ed")
	table = 0
}

FNR == NR && /^## Embedding/ { done = 1 }
FNR == NR && /^## / && !done { begun = 1 }
FNR == NR && (done || !begun) { next }
FNR == NR && /^\|/ {
	if (!table)
		say(".Bd -literal")
	table = 1
	if ($0 !~ /^\| *-+/)
		say(plain($0))
	next
}
FNR == NR {
	end_table()
	if (sub(/^##+ /, ""))
		say(".Ss " plain($0))
	else if ($0 == "")
		say(".Pp")
	else if (match($0, /^\*\*[A-Za-z ]+\.\*\*/)) {
		say(".Sy " substr($0, 3, RLENGTH - 4))
		if (length($0) > RLENGTH)
			say(plain(substr($0, RLENGTH + 2)))
	} else if (sub(/^- /, ""))
		say(".Pp\n\\(bu " plain($0))
	else {
		sub(/^ +/, "")
		say(plain($0))
	}
	next
}
/^\.Sh SEE ALSO/ {
	print ".Sh FORMULAS"
	for (i = 0; i < n; i++) {
		# no paragraph break next to a heading or another break
		if (said[i] == ".Pp" &&
		    (said[i + 1] ~ /^\.(Ss|Pp|Bd|Sh)/ || i + 1 == n ||
		     said[i - 1] ~ /^\.(Ss|Pp)/))
			continue
		print said[i]
	}
}
{ print }
