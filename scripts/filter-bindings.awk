# SPDX-License-Identifier: GPL-2.0-only
# Drop from a bindgen output what kernel::bindings already has, so that the
# module and the kernel crate agree on every type both know.
#
#   awk -f filter-bindings.awk KERNEL.rs PRIVATE.rs PRIVATE.rs
#
# Kept are
#  - items kernel::bindings does not have;
#  - types it knows by name only (an opaque struct) and PRIVATE.rs in full;
#  - functions that mention such a type, so that they take the full one.
# PRIVATE.rs is read twice: first to learn which types it has in full.
#
# The input is formatted by rustfmt: an item ends on the line where its braces
# are closed and which ends in `;` or `}`.

FNR == 1 { pass++; item = ""; depth = 0; name = ""; kind = "" }

# Plain text is enough for counting braces and finding names.
{
	line = $0
	gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
}

name == "" && match(line, /^ *pub (const|type|struct|union|enum|fn|static mut|static) [A-Za-z0-9_]+/) {
	n = split(substr(line, RSTART, RLENGTH), word, " ")
	kind = word[2]
	name = word[n]
}

name == "" && line ~ /^(unsafe )?impl/ {
	target = line
	sub(/^(unsafe )?impl(<[^>]*>)? /, "", target)
	sub(/^.* for /, "", target)
	match(target, /^[A-Za-z0-9_]+/)
	name = substr(target, 1, RLENGTH)
	kind = "impl"
}

{
	item = item $0 "\n"
	opaque = opaque || line ~ /^    (pub )?(_unused: \[u8; 0\]|_address: u8),$/
	depth += gsub(/\{/, "{", line) - gsub(/\}/, "}", line)
	if (depth == 0 && line ~ /[;}]$/ && line !~ /^#/)
		finish()
}

function finish() {
	if (pass == 1) {
		if (kind != "impl")
			known[name] = opaque ? "opaque" : "full"
	} else if (pass == 2) {
		if ((kind == "struct" || kind == "union") && !opaque &&
		    (name in known) && known[name] == "opaque")
			completed[name] = 1
	} else if (keep()) {
		printf "%s", item
	}
	item = name = kind = ""
	opaque = depth = 0
}

function keep(    rest) {
	if (name == "" || !(name in known))
		return 1
	if (name in completed)
		return 1
	if (kind != "fn")
		return 0
	rest = item
	while (match(rest, /(mut|const) [A-Za-z0-9_]+/)) {
		n = split(substr(rest, RSTART, RLENGTH), word, " ")
		if (word[n] in completed)
			return 1
		rest = substr(rest, RSTART + RLENGTH)
	}
	return 0
}
