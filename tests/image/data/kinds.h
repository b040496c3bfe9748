/* SPDX-License-Identifier: Apache-2.0 */
/* One place in the source, another structure in each unit; and names that the index keeps. */
struct k_timer {
	int period;
	int slots[SLOTS];
};

static volatile unsigned xTickCount = SLOTS;
static volatile struct k_timer timer;

static inline int ticks(int a)
{
	return (int)xTickCount + timer.slots[a & 1] + timer.period;
}
