# SPDX-License-Identifier: GPL-2.0-only
# Which files of a Rust folder use which: lines "FILE USED" for tsort(1), and
# "FILE FILE", so that each is there.
#
#   awk -v root=rust/union -v crate=union -f scripts/uses.awk FILE...
#
#   -v family=FOLDER   the files of this folder count as one
#   -v folders=1       folders instead of files
#
# A file is a module: crate::CRATE::layers::node is layers/node.rs, and so is
# crate::CRATE::node, if the root passes it on.  Also read are paths that begin
# with super::.  Tests do not count.

# use PATH: a path without braces, of the file at hand.
function use(path,    parts, n, i, file) {
	n = split(path, parts, "::")
	file = root
	for (i = 1; i <= n; i++) {
		file = file "/" parts[i]
		if ((file ".rs") in known) {
			edge(file ".rs")
			return
		}
	}
	if (parts[1] in passed_on) edge(passed_on[parts[1]])
}

# edge FILE: the file at hand uses it.
function edge(file) {
	if (node(at) != node(file)) print node(at), node(file)
}

function node(file) {
	if (family != "" && index(file, family "/") == 1) return family
	if (folders) sub("/[^/]*$", "", file)
	return file
}

# expand PREFIX TEXT: all paths of a tree of imports.
function expand(prefix, text,    i, c, depth, item, inner) {
	text = text ","
	depth = 0
	item = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "{") depth++
		if (c == "}") depth--
		if (c != "," || depth > 0) {
			item = item c
			continue
		}
		inner = index(item, "{")
		if (inner)
			expand(prefix substr(item, 1, inner - 1), substr(item, inner + 1, length(item) - inner - 1))
		else if (item != "")
			use(prefix item)
		item = ""
	}
}

# super PATH: the same path from the root of the folder.
function super(path,    folder) {
	folder = at
	sub("^" root "/", "", folder)
	sub("/?[^/]*$", "", folder)
	gsub("/", "::", folder)
	return (folder == "" ? "" : folder "::") path
}

function finish(    text, path, one) {
	gsub(/[ \t]+/, "", body)
	text = body
	while (match(text, "crate::" crate "::[A-Za-z0-9_:]*([{][^;]*)?")) {
		path = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		sub("^crate::" crate "::", "", path)
		# Beyond the braces that belong to it.
		expand("", balanced(path))
	}
	text = body
	# One use of the whole crate: use crate::{CRATE::...}.
	while (match(text, /usecrate::[{][^;]*;/)) {
		path = substr(text, RSTART, RLENGTH - 1)
		text = substr(text, RSTART + RLENGTH)
		if (match(path, "[{,]" crate "::")) {
			path = substr(path, RSTART + RLENGTH)
			expand("", balanced(path))
		}
	}
	text = body
	while (match(text, /super::[A-Za-z0-9_:]*([{][^;]*)?/)) {
		path = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		sub(/^super::/, "", path)
		one = balanced(path)
		if (one ~ /^super::/) {
			sub(/^super::/, "", one)
			expand("", one)
		} else
			expand(super(""), one)
	}
	body = ""
}

# balanced TEXT: its beginning, up to where its braces are closed, or, if it
# has none before, up to a comma or a brace that is closed.
function balanced(text,    i, c, depth) {
	depth = 0
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "{") depth++
		if (c == "}" && --depth <= 0) return substr(text, 1, depth < 0 ? i - 1 : i)
		if (c == "," && depth == 0) return substr(text, 1, i - 1)
	}
	return text
}

BEGIN {
	for (i = 1; i < ARGC; i++) {
		known[ARGV[i]] = 1
		name = ARGV[i]
		gsub(/.*\/|[.]rs$/, "", name)
		passed_on[name] = ARGV[i]
	}
}
FNR == 1 {
	if (at != "") finish()
	at = FILENAME
	tests = 0
	print node(at), node(at)
}
/^#\[cfg\(test\)\]/ { tests = 1 }
tests { next }
{
	sub(/\/\/.*/, "")
	body = body $0
}
END { finish() }
