# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=engine -DTO=file.c -P engine_id.cmake: a hash of the engine's sources.
file(GLOB sources ${ROOT}/*/*.[ch] ${ROOT}/*/*/*.[ch])
list(SORT sources)
set(all)
foreach(source IN LISTS sources)
	file(SHA256 ${source} hash)
	string(APPEND all ${hash})
endforeach()
string(SHA256 id "${all}")
string(SUBSTRING ${id} 0 32 id)
string(REGEX REPLACE "(..)" "0x\\1, " bytes ${id})
file(WRITE ${TO} "/* SPDX-License-Identifier: Apache-2.0 */
#include \"symbols/index_file.h\"

const uint8_t fl_index_engine[16] = { ${bytes}};
")
