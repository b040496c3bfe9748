# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=<signatures folder> -DOUT=<file.c> -P EmbedRules.cmake
# Turns every list below ROOT into an entry of fl_builtin_rules. Bytes, not string literals: ISO C
# promises only 4095 characters of those.
file(GLOB_RECURSE lists RELATIVE ${ROOT} ${ROOT}/*.list)
list(SORT lists COMPARE STRING)

set(texts "")
set(entries "")
set(number 0)
foreach(list IN LISTS lists)
	file(READ ${ROOT}/${list} hex HEX)
	string(REGEX REPLACE "(................................)" "\\1\n\t" hex "${hex}")
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " hex "${hex}")
	string(REGEX REPLACE "\\.list$" "" name "${list}")
	string(APPEND texts "/* ${list} */\nstatic const char text_${number}[] = {\n\t${hex}0\n};\n\n")
	string(APPEND entries "\t{ \"${name}\", text_${number} },\n")
	math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUT}.new "/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from signatures/ by cmake/EmbedRules.cmake. */
#include \"signature/rules.h\"

${texts}const struct fl_rules_file fl_builtin_rules[] = {
${entries}};
const size_t fl_builtin_rule_count = sizeof(fl_builtin_rules) / sizeof(fl_builtin_rules[0]);
")
file(RENAME ${OUT}.new ${OUT})
