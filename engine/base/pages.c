/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pages.h"

/* Each release costs as many page faults as there are places that are read all the time. */
enum { MUCH = 1 << 21 };

void fl_pages_release(struct fl_pages *pages)
{
	if (!pages || !pages->release)
		return;
	pages->release(pages->bytes, pages->size);
	pages->read = 0;
}

void fl_pages_read(struct fl_pages *pages, size_t size)
{
	if (!pages)
		return;
	pages->read += size;
	if (pages->read >= MUCH)
		fl_pages_release(pages);
}
