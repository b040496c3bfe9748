/* SPDX-License-Identifier: Apache-2.0 */
/* Another unit: other contents under a name that layouts.c has too, and what the linker drops. */
struct k_timer {
	int both;
	int *only_there;
};

int uxTaskNumber;
int xSchedulerRunning; /* never used: its section goes */
static struct k_timer timer;

int second(void *p)
{
	static int xTimerTaskHandle; /* of a function: not kept */
	timer.only_there = p;
	return uxTaskNumber++ + timer.both + xTimerTaskHandle++;
}
