# SPDX-License-Identifier: Apache-2.0
# One target per directory. A directory sees only the directories it is given: each has a view
# (a folder that holds nothing but a link to it), so that an include that is not allowed is not found.

add_library(fl_flags INTERFACE)
target_compile_options(fl_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
	-Wstrict-prototypes -Wmissing-prototypes -fno-common)
target_compile_definitions(fl_flags INTERFACE _GNU_SOURCE FL_VERSION="${PROJECT_VERSION}")
if(FAULTLINE_WERROR)
	target_compile_options(fl_flags INTERFACE -Werror)
endif()
if(FAULTLINE_SANITIZE)
	set(sanitizers address,undefined)
	if(FAULTLINE_SANITIZE STREQUAL "thread")
		set(sanitizers thread)
	endif()
	target_compile_options(fl_flags INTERFACE -fsanitize=${sanitizers}
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${sanitizers})
endif()
# clang leaves the sanitizers' run time to the program.
if(NOT FAULTLINE_SANITIZE)
	set(FL_NO_UNDEFINED -Wl,--no-undefined)
endif()
if(FAULTLINE_FUZZ)
	target_compile_options(fl_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# fl_view(name dir): the include folder through which "name/x.h" is found.
function(fl_view name dir)
	file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/view/${name})
	file(CREATE_LINK ${dir} ${CMAKE_BINARY_DIR}/view/${name}/${name} SYMBOLIC)
	set_property(GLOBAL APPEND PROPERTY FL_VIEWS ${CMAKE_BINARY_DIR}/view/${name})
endfunction()

# fl_directory(name SOURCES a.c ... SEES stage ... LIBS target ...)
# An object library fl_<name> of the current directory.
function(fl_directory name)
	cmake_parse_arguments(D "" "" "SOURCES;SEES;LIBS" ${ARGN})
	fl_view(${name} ${CMAKE_CURRENT_SOURCE_DIR})
	if(NOT D_SOURCES)
		file(WRITE ${CMAKE_BINARY_DIR}/empty_${name}.c "typedef int fl_empty_${name};\n")
		set(D_SOURCES ${CMAKE_BINARY_DIR}/empty_${name}.c)
	endif()
	add_library(fl_${name} OBJECT ${D_SOURCES})
	target_include_directories(fl_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
	foreach(seen IN LISTS D_SEES ITEMS ${name})
		target_include_directories(fl_${name} PRIVATE ${CMAKE_BINARY_DIR}/view/${seen})
	endforeach()
	target_link_libraries(fl_${name} PRIVATE fl_flags ${D_LIBS})
endfunction()
