/* SPDX-License-Identifier: Apache-2.0 */
/* What the ports' PendSV handlers push, in the order in which they do. */
#include "support/freertos_writer.h"

struct pusher {
	struct freertos_writer *w;
	const struct freertos_context *c;
	enum freertos_port port;
	uint32_t block, sp;
};

static void push(struct pusher *p, uint32_t value)
{
	p->sp -= 4;
	freertos_word(p->w, p->sp, value);
}

/* stmdb of r4..r11 */
static void push_callee(struct pusher *p)
{
	for (uint32_t i = 8; i-- > 0;)
		push(p, p->c->r4 + i);
}

static uint32_t hardware_word(const struct freertos_context *c, uint32_t i, bool padded)
{
	const uint32_t words[] = {
		0xa0, 0xa1,  0xa2,  0xa3,
		0xac, c->lr, c->pc, UINT32_C(0x01000000) | (padded ? 0x200U : 0)
	};
	return words[i];
}

/* Exception entry, Arm DDI 0403E B1.5.6: the frame lies at a multiple of 8. */
static bool enter(struct pusher *p)
{
	bool padded = p->c->sp & 4;
	p->sp = p->c->sp - (padded ? 4 : 0);
	for (uint32_t i = p->c->fp ? 18 : 0; i-- > 0;)
		push(p, 0x5000 + i);
	for (uint32_t i = 8; i-- > 0;)
		push(p, hardware_word(p->c, i, padded));
	return padded;
}

static bool is_v8(enum freertos_port port)
{
	switch (port) {
	case FREERTOS_NTZ:
	case FREERTOS_TZ:
	case FREERTOS_NTZ_PAC:
	case FREERTOS_TZ_PAC:
	case FREERTOS_NTZ_MPU_10_4:
	case FREERTOS_TZ_MPU_10_4:
	case FREERTOS_NTZ_MPU:
	case FREERTOS_TZ_MPU:
	case FREERTOS_NTZ_MPU_PAC:
	case FREERTOS_TZ_MPU_PAC:
		return true;
	default:
		return false;
	}
}

static uint32_t exc_return(const struct pusher *p)
{
	uint32_t value = is_v8(p->port) ? 0xffffffbc : 0xfffffffd;
	if (p->c->in_secure)
		value |= 0x40;
	return p->c->fp ? value & ~UINT32_C(0x10) : value;
}

static void push_high_fp(struct pusher *p)
{
	for (uint32_t i = p->c->fp ? 16 : 0; i-- > 0;)
		push(p, 0x5100 + i);
}

static void push_keys(struct pusher *p)
{
	for (uint32_t i = 0; i < 4; i++)
		push(p, 0x9ac00000 + i);
}

enum { SECURE_CONTEXT = 1, PRIVILEGED = 0 };

/* One case per port: what it pushes, from the highest address down. */
static void push_context(struct pusher *p)
{
	uint32_t limit = freertos_stack_of(p->w, p->block);
	switch (p->port) {
	case FREERTOS_CM0:
	case FREERTOS_CM3:
		push_callee(p);
		break;
	case FREERTOS_CM0_11_1:
		push_callee(p);
		push(p, exc_return(p));
		break;
	case FREERTOS_CM3_MPU_10_4:
		push_callee(p);
		push(p, PRIVILEGED);
		break;
	case FREERTOS_CM4F:
		push_high_fp(p);
		push(p, exc_return(p));
		push_callee(p);
		break;
	case FREERTOS_CM4_MPU_10_4:
		push_high_fp(p);
		push(p, exc_return(p));
		push_callee(p);
		push(p, PRIVILEGED);
		break;
	case FREERTOS_NTZ_MPU_10_4:
		push_high_fp(p);
		push_callee(p);
		push(p, exc_return(p));
		push(p, PRIVILEGED);
		push(p, limit);
		break;
	case FREERTOS_TZ_MPU_10_4:
		if (!p->c->in_secure) {
			push_high_fp(p);
			push_callee(p);
		}
		push(p, exc_return(p));
		push(p, PRIVILEGED);
		push(p, limit);
		push(p, SECURE_CONTEXT);
		break;
	case FREERTOS_NTZ:
	case FREERTOS_NTZ_PAC:
		push_high_fp(p);
		push_callee(p);
		push(p, exc_return(p));
		push(p, limit);
		if (p->port == FREERTOS_NTZ_PAC)
			push_keys(p);
		break;
	case FREERTOS_TZ:
	case FREERTOS_TZ_PAC:
		if (!p->c->in_secure) {
			push_high_fp(p);
			push_callee(p);
		}
		push(p, exc_return(p));
		push(p, limit);
		push(p, p->c->in_secure ? SECURE_CONTEXT : 0);
		if (p->port == FREERTOS_TZ_PAC)
			push_keys(p);
		break;
	default:
		break;
	}
}

/* stmia into xMPUSettings.ulContext; the frame on the stack is scribbled afterwards, as the task
 * itself or an unprivileged one may. */
struct storer {
	struct pusher *p;
	uint32_t at;
};

static void store(struct storer *s, uint32_t value)
{
	freertos_word(s->p->w, s->at, value);
	s->at += 4;
}

static void store_callee(struct storer *s)
{
	for (uint32_t i = 0; i < 8; i++)
		store(s, s->p->c->r4 + i);
}

static void store_hardware(struct storer *s, bool padded)
{
	for (uint32_t i = 0; i < 8; i++)
		store(s, hardware_word(s->p->c, i, padded));
}

static void store_fp(struct storer *s)
{
	for (uint32_t i = 0; i < (s->p->c->fp ? 33U : 0U); i++)
		store(s, 0x5000 + i);
}

static void store_v7(struct storer *s, bool padded)
{
	store_fp(s);
	store(s, PRIVILEGED);
	store_callee(s);
	store(s, exc_return(s->p));
	store(s, s->p->sp);
	store_hardware(s, padded);
}

static void store_v6(struct storer *s, bool padded)
{
	store_callee(s);
	store_hardware(s, padded);
	store(s, s->p->sp);
	store(s, PRIVILEGED);
	store(s, exc_return(s->p));
}

static void store_v8(struct storer *s, bool padded, bool trustzone, bool keys)
{
	const struct freertos_context *c = s->p->c;
	if (!c->in_secure) {
		store_fp(s);
		store_callee(s);
		store_hardware(s, padded);
	}
	if (trustzone)
		store(s, c->in_secure ? SECURE_CONTEXT : 0);
	store(s, s->p->sp);
	store(s, freertos_stack_of(s->p->w, s->p->block));
	store(s, PRIVILEGED);
	store(s, exc_return(s->p));
	for (uint32_t i = 0; i < (keys ? 4U : 0U); i++)
		store(s, 0x9ac00000 + i);
}

static uint32_t store_context(struct pusher *p, bool padded)
{
	/* Behind the region registers. */
	struct storer s = { p, p->block + p->w->s.settings + 36 };
	switch (p->port) {
	case FREERTOS_CM4_MPU:
		store_v7(&s, padded);
		break;
	case FREERTOS_CM0_MPU:
		store_v6(&s, padded);
		break;
	default:
		store_v8(&s, padded, p->port == FREERTOS_TZ_MPU || p->port == FREERTOS_TZ_MPU_PAC,
			 p->port == FREERTOS_NTZ_MPU_PAC || p->port == FREERTOS_TZ_MPU_PAC);
		break;
	}
	freertos_fill(p->w, p->sp, 0xee, 32);
	return s.at;
}

void freertos_save(struct freertos_writer *w, enum freertos_port port, uint32_t block,
		   const struct freertos_context *c)
{
	struct freertos_context fresh = *c;
	struct pusher p = { .w = w, .c = c, .port = port, .block = block, .sp = c->sp };
	if (c->fresh) {
		fresh.fp = false;
		p.c = &fresh;
	}
	bool padded = !c->in_secure && enter(&p);
	if (port < FREERTOS_CM4_MPU) {
		push_context(&p);
		freertos_word(w, block, p.sp);
	} else {
		freertos_word(w, block, store_context(&p, padded));
	}
}
