/* SPDX-License-Identifier: Apache-2.0 */
#include <faultline/analyze.h>

const char *fl_version(void)
{
	return FL_VERSION;
}
