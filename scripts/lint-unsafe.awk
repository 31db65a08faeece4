# SPDX-License-Identifier: GPL-2.0-only
# Print every unsafe block and unsafe impl of Rust files without a comment
# that begins with SAFETY: above the statement it is in.
#
#   awk -f lint-unsafe.awk FILE.rs...
#
# clippy's undocumented_unsafe_blocks says the same of code it can compile;
# this needs no kernel tree and also reads what is configured out.

FNR == 1 { documented = 0 }

# A comment, or what may stand between it and the code.
/^[ \t]*\/\// {
	if ($0 ~ /SAFETY:/)
		documented = 1
	next
}
/^[ \t]*#!?\[/ { next }

{
	code = $0
	gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
	here = code ~ /\/\/ SAFETY:/
	sub(/\/\/.*/, "", code)
}

code ~ /(^|[^A-Za-z0-9_])unsafe([ \t]*\{|[ \t]+impl|[ \t]*$)/ && !documented && !here {
	printf "%s:%d: %s\n", FILENAME, FNR, $0
	bad = 1
}

# The comment holds until the statement ends.
code ~ /^[ \t]*$/ || code ~ /[;{}][ \t]*$/ { documented = 0 }

END { exit bad }
