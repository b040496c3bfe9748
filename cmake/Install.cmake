# SPDX-License-Identifier: Apache-2.0
# What users of the libraries get: headers, both libraries, pkg-config files, a CMake package, the
# program and its manual page.
include(CMakePackageConfigHelpers)

install(TARGETS faultline faultline-store EXPORT faultline-targets
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS faultline_static faultline-store_static
	ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS faultline_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/faultline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(FILES src/store/store.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/faultline)
install(FILES docs/faultline.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
# Units of systemd know where the program is; not enabled by themselves.
set(FAULTLINE_SYSTEMD_DIR lib/systemd/system CACHE STRING "Where systemd units go; empty: nowhere")
set(bindir ${CMAKE_INSTALL_FULL_BINDIR})
foreach(unit faultline.service faultline-gc.service faultline-gc.timer)
	configure_file(tools/systemd/${unit} systemd/${unit} @ONLY)
	if(FAULTLINE_SYSTEMD_DIR)
		install(FILES ${CMAKE_CURRENT_BINARY_DIR}/systemd/${unit}
			DESTINATION ${FAULTLINE_SYSTEMD_DIR})
	endif()
endforeach()
install(FILES docs/report.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/faultline)
install(DIRECTORY signatures/ DESTINATION ${CMAKE_INSTALL_DATADIR}/faultline/signatures
	FILES_MATCHING PATTERN *.list)

# Relative, so that `cmake --install --prefix` and a moved prefix keep working.
file(RELATIVE_PATH FL_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(package faultline faultline-store)
	configure_file(cmake/${package}.pc.in ${package}.pc @ONLY)
	install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${package}.pc
		DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(EXPORT faultline-targets NAMESPACE faultline::
	DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/faultline)
configure_package_config_file(cmake/faultline-config.cmake.in faultline-config.cmake
	INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/faultline)
write_basic_package_version_file(faultline-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/faultline-config.cmake
	${CMAKE_CURRENT_BINARY_DIR}/faultline-config-version.cmake
	DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/faultline)
