# SPDX-License-Identifier: Apache-2.0
# Third parties, each behind one door (docs/architecture.md).
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(libcbor REQUIRED IMPORTED_TARGET libcbor)
if(FAULTLINE_SECCOMP)
	pkg_check_modules(seccomp IMPORTED_TARGET libseccomp)
endif()
if(FAULTLINE_TESTS)
	pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()

find_path(LIBIBERTY_INCLUDE_DIR demangle.h PATH_SUFFIXES libiberty REQUIRED)
find_library(LIBIBERTY_LIBRARY iberty REQUIRED)
add_library(fl_libiberty INTERFACE)
target_include_directories(fl_libiberty SYSTEM INTERFACE ${LIBIBERTY_INCLUDE_DIR})
target_link_libraries(fl_libiberty INTERFACE ${LIBIBERTY_LIBRARY})

# Debian 12 ships libdwarf without a .pc file that names its include folder. Only the tests read with
# it (tests/support/libdwarf_reader).
if(FAULTLINE_TESTS)
	find_path(LIBDWARF_INCLUDE_DIR libdwarf.h PATH_SUFFIXES libdwarf libdwarf-0 libdwarf-2 REQUIRED)
	find_library(LIBDWARF_LIBRARY dwarf REQUIRED)
	add_library(fl_libdwarf INTERFACE)
	target_include_directories(fl_libdwarf SYSTEM INTERFACE ${LIBDWARF_INCLUDE_DIR})
	target_link_libraries(fl_libdwarf INTERFACE ${LIBDWARF_LIBRARY})
endif()
