# SPDX-License-Identifier: Apache-2.0
# Shared libraries cost the program more than half of its start: with FAULTLINE_ARCHIVES it takes what
# it can from static archives. One is taken when it exists and can be part of a program that may lie
# anywhere. Only the program: libraries leave third parties to their users.
option(FAULTLINE_ARCHIVES "Link the program with static archives of third parties where there are any" ON)

set(FL_PROGRAM_ARCHIVES)
if(NOT FAULTLINE_ARCHIVES OR FAULTLINE_SANITIZE OR FAULTLINE_FUZZ OR NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
	return()
endif()
include(CheckCSourceCompiles)

# fl_archive(name package): lib<name>.a, if it can stand in for the shared library of the package.
function(fl_archive name package)
	find_library(FL_ARCHIVE_${name} lib${name}.a HINTS ${${package}_LIBRARY_DIRS})
	mark_as_advanced(FL_ARCHIVE_${name})
	if(NOT FL_ARCHIVE_${name})
		return()
	endif()
	set(CMAKE_REQUIRED_QUIET ON)
	set(CMAKE_REQUIRED_FLAGS -fPIE)
	set(CMAKE_REQUIRED_LINK_OPTIONS -pie -Wl,--unresolved-symbols=ignore-all
		-Wl,--whole-archive ${FL_ARCHIVE_${name}} -Wl,--no-whole-archive)
	check_c_source_compiles("int main(void) { return 0; }" FL_ARCHIVE_${name}_FITS)
	if(FL_ARCHIVE_${name}_FITS)
		set(FL_PROGRAM_ARCHIVES ${FL_PROGRAM_ARCHIVES} ${FL_ARCHIVE_${name}} PARENT_SCOPE)
	endif()
endfunction()

fl_archive(jansson jansson)
fl_archive(sqlite3 sqlite3)
fl_archive(cbor libcbor)
fl_archive(z zlib)
fl_archive(lz4 liblz4)
fl_archive(zstd libzstd)
fl_archive(xxhash xxhash)
if(TARGET PkgConfig::seccomp)
	fl_archive(seccomp seccomp)
endif()
if(FL_PROGRAM_ARCHIVES)
	list(APPEND FL_PROGRAM_ARCHIVES m) # SQLite's mathematical functions
	list(APPEND FL_PROGRAM_ARCHIVES -static-libgcc) # the unwinder of src/sandbox/death.c
	message(STATUS "Archives in the program: ${FL_PROGRAM_ARCHIVES}")
endif()
