/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of structures under names that the index keeps; nothing of it is a kernel's. */
#include "layouts.h"

typedef unsigned char byte;
typedef volatile byte tick;
typedef const tick *const clock_hand;

enum size { SMALL = 1, LARGE = 200 };
enum sign { MINUS = -1, PLUS = 1 };

struct xLIST_ITEM;
typedef struct xLIST_ITEM item;

/* Pointers forward and to itself, typedefs of typedefs. */
struct xLIST_ITEM {
	uint32_t value;
	item *next;
	struct xLIST_ITEM *const volatile previous;
	clock_hand hand;
	int (*call)(item *, int);
	void *nothing;
};

/* Named by two typedefs, the first of a structure with a tag. */
typedef struct tskTaskControlBlock {
	int8_t first;
	item inside;
	item row[3];
	short grid[2][3][4];
	char name[16];
	float real;
	double twice;
	long long wide;
	unsigned long long unsigned_wide;
	_Bool yes;
	enum size size;
	enum sign sign;
	item *pointers[5];
	uint16_t tail[];
} tskTCB;
typedef const tskTCB TCB_t;

/* No tag at all. */
typedef struct {
	char kind;
	int32_t count;
} osRtxMutex_t;

/* Members of what has no name belong to the structure around it. */
struct k_thread {
	char before;
	union {
		uint32_t word;
		struct {
			uint16_t low;
			int16_t high;
		};
		struct {
			byte b0;
			union {
				byte b1;
				struct {
					unsigned deep : 3;
					unsigned deeper : 5;
				};
			};
		} named;
	};
	struct {
		int x;
		osRtxMutex_t mutex;
	} point;
	struct k_sem *unknown;
};

struct __attribute__((packed)) k_mutex {
	char a;
	int b;
	short c;
	item d;
	long long e;
};

struct k_queue {
	unsigned a : 1;
	unsigned b : 2;
	int c : 29;
	unsigned d : 32;
	unsigned char e : 4;
	unsigned char f : 4;
	unsigned short g : 9;
	int : 0;
	signed char h : 7;
	long long i : 40;
	unsigned : 3;
	_Bool j : 1;
	int whole;
};

/* Straddles the storage units of its types. */
struct __attribute__((packed)) k_msgq {
	char a;
	unsigned b : 12;
	int c : 30;
	unsigned d : 5;
	unsigned long long e : 50;
	char f;
};

union k_event {
	uint8_t one;
	uint32_t four;
	uint64_t eight[2];
};

struct k_stack {
	int none[0];
	_Alignas(16) char aligned;
	char end;
};

/* A structure of one name and another content in another unit: see second.c. */
struct k_timer {
	char only_here;
	int both;
};

struct k_thread z_main_thread;
static struct k_thread z_idle_threads[2];
static struct k_timer *k_sys_work_q;
const uint32_t _kernel_thread_info_offsets[3] = { 1, 2, 3 };
static volatile uint8_t _kernel_thread_info_size_t_size;
tskTCB *volatile pxCurrentTCB;
TCB_t *xIdleTaskHandle;
int16_t xTickCount;
extern int uxTaskNumber;

static const struct k_queue qa = { .a = 1 }, qb = { .b = 3 }, qc = { .c = -1 }, qd = { .d = ~0u },
			    qe = { .e = 15 }, qf = { .f = 15 }, qg = { .g = 511 }, qh = { .h = -1 },
			    qi = { .i = -1 }, qj = { .j = 1 };
static const struct k_msgq mb = { .b = 4095 }, mc = { .c = -1 }, md = { .d = 31 },
			   me = { .e = (1ull << 50) - 1 };

__attribute__((used)) const struct expected expected[] = {
	WHOLE(struct xLIST_ITEM),
	PART(struct xLIST_ITEM, value, 1, 0),
	PART(struct xLIST_ITEM, next, 1, POINTER),
	PART(struct xLIST_ITEM, previous, 1, POINTER),
	PART(struct xLIST_ITEM, hand, 1, POINTER),
	PART(struct xLIST_ITEM, call, 1, POINTER),
	PART(struct xLIST_ITEM, nothing, 1, POINTER),
	WHOLE(struct tskTaskControlBlock),
	WHOLE(tskTCB),
	WHOLE(TCB_t),
	PART(TCB_t, first, 1, SIGNED),
	PART(TCB_t, inside, 1, 0),
	PART(tskTCB, inside.hand, 1, POINTER),
	PART(struct tskTaskControlBlock, row, 3, 0),
	PART(struct tskTaskControlBlock, row[0].previous, 1, POINTER),
	PART(TCB_t, grid, 24, SIGNED),
	PART(TCB_t, name, 16, 0),
	PART(TCB_t, real, 1, FLOAT),
	PART(TCB_t, twice, 1, FLOAT),
	PART(TCB_t, wide, 1, SIGNED),
	PART(TCB_t, unsigned_wide, 1, 0),
	PART(TCB_t, yes, 1, 0),
	PART(TCB_t, size, 1, 0),
	PART(TCB_t, sign, 1, SIGNED),
	PART(TCB_t, pointers, 5, POINTER),
	{ "TCB_t", "tail", offsetof(TCB_t, tail), 0, 0, 0, NULL, 0 },
	WHOLE(osRtxMutex_t),
	PART(osRtxMutex_t, kind, 1, 0),
	PART(osRtxMutex_t, count, 1, SIGNED),
	WHOLE(struct k_thread),
	PART(struct k_thread, before, 1, 0),
	PART(struct k_thread, word, 1, 0),
	PART(struct k_thread, low, 1, 0),
	PART(struct k_thread, high, 1, SIGNED),
	PART(struct k_thread, named, 1, 0),
	PART(struct k_thread, named.b0, 1, 0),
	PART(struct k_thread, named.b1, 1, 0),
	PART(struct k_thread, point, 1, 0),
	PART(struct k_thread, point.x, 1, SIGNED),
	PART(struct k_thread, point.mutex, 1, 0),
	PART(struct k_thread, point.mutex.count, 1, SIGNED),
	PART(struct k_thread, unknown, 1, POINTER),
	WHOLE(struct k_mutex),
	PART(struct k_mutex, b, 1, SIGNED),
	PART(struct k_mutex, c, 1, SIGNED),
	PART(struct k_mutex, d, 1, 0),
	PART(struct k_mutex, d.nothing, 1, POINTER),
	PART(struct k_mutex, e, 1, SIGNED),
	WHOLE(struct k_queue),
	PART(struct k_queue, whole, 1, SIGNED),
	BITS(struct k_queue, a, 0, qa),
	BITS(struct k_queue, b, 0, qb),
	BITS(struct k_queue, c, SIGNED, qc),
	BITS(struct k_queue, d, 0, qd),
	BITS(struct k_queue, e, 0, qe),
	BITS(struct k_queue, f, 0, qf),
	BITS(struct k_queue, g, 0, qg),
	BITS(struct k_queue, h, SIGNED, qh),
	BITS(struct k_queue, i, SIGNED, qi),
	BITS(struct k_queue, j, 0, qj),
	WHOLE(struct k_msgq),
	PART(struct k_msgq, f, 1, 0),
	BITS(struct k_msgq, b, 0, mb),
	BITS(struct k_msgq, c, SIGNED, mc),
	BITS(struct k_msgq, d, 0, md),
	BITS(struct k_msgq, e, 0, me),
	WHOLE(union k_event),
	PART(union k_event, one, 1, 0),
	PART(union k_event, four, 1, 0),
	PART(union k_event, eight, 2, 0),
	WHOLE(struct k_stack),
	{ "k_stack", "none", offsetof(struct k_stack, none), 0, 0, SIGNED, NULL, 0 },
	PART(struct k_stack, aligned, 1, 0),
	PART(struct k_stack, end, 1, 0),
	PART(struct k_timer, only_here, 1, 0),
	VARIABLE(z_main_thread, 1, 0),
	VARIABLE(z_idle_threads, 2, 0),
	VARIABLE(k_sys_work_q, 1, POINTER),
	VARIABLE(_kernel_thread_info_offsets, 3, 0),
	VARIABLE(_kernel_thread_info_size_t_size, 1, 0),
	VARIABLE(pxCurrentTCB, 1, POINTER),
	VARIABLE(xIdleTaskHandle, 1, POINTER),
	VARIABLE(xTickCount, 1, SIGNED),
	VARIABLE(uxTaskNumber, 1, SIGNED),
	{ NULL, NULL, 0, 0, 0, 0, NULL, 0 },
};

union k_event pxReadyTasksLists;
struct k_stack xPendingReadyList;
struct k_mutex xSuspendedTaskList;

extern int second(void *);

/* Everything is needed, whatever the link drops. */
int start(void)
{
	z_idle_threads[1].before = 1;
	_kernel_thread_info_size_t_size++;
	return second(&k_sys_work_q) + z_main_thread.before + pxReadyTasksLists.one +
	       xPendingReadyList.end + xSuspendedTaskList.a + expected[0].off +
	       (xIdleTaskHandle != pxCurrentTCB);
}
