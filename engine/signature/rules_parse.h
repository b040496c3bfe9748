/* SPDX-License-Identifier: Apache-2.0 */
/** @file One list file -> rules. The grammar is in docs/signature.md. */
#ifndef SIGNATURE_RULES_PARSE_H
#define SIGNATURE_RULES_PARSE_H

#include "base/vec.h"
#include "signature/rules.h"

/**
 * Append the rules of @p file to @p rules (of struct fl_rule); strings are copied into @p arena.
 * @retval FL_EFORMAT the list's name or a line cannot be understood.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_rules_parse(const struct fl_rules_file *file, struct fl_arena *arena,
					  struct fl_vec *rules, struct fl_error *err);

#endif
