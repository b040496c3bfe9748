/* SPDX-License-Identifier: Apache-2.0 */
/** @file Scope guards for owned handles (GNU C; a no-op for C++ users). */
#ifndef FAULTLINE_AUTO_H
#define FAULTLINE_AUTO_H

#include <stddef.h>

/**
 * Declare the scope guard and the hand-over function for an owned handle.
 * CLOSE must accept NULL. Put it right under the CLOSE prototype.
 */
#ifdef __cplusplus
#define FL_OWNED(name, close)
#else
#define FL_OWNED(name, close) \
	static inline void name##_auto(struct name **p) \
	{ \
		close(*p); \
	} \
	static inline struct name *name##_take(struct name **p) \
	{ \
		struct name *owned = *p; \
		*p = NULL; \
		return owned; \
	}
/** `FL_AUTO(fl_dump) dump = NULL;` closes the handle when the scope ends. */
#define FL_AUTO(name) __attribute__((__cleanup__(name##_auto))) struct name *
#endif

#endif
