/* SPDX-License-Identifier: Apache-2.0 */
/* A report on the screen: format, colour, and the source lines found on this machine. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The source file read last: frames of one stack come from few files. */
struct source {
	const struct cli_render *render;
	char *path; /* as the ELF names it */
	struct fl_buffer text;
	char line[256];
};

/* Try OLD=NEW of every --path-map; false when none applies. */
static bool map_path(const struct cli_list *maps, const char *file, char *out, size_t size)
{
	for (size_t i = 0; i < maps->count; i++) {
		const char *equals = strchr(maps->items[i], '=');
		size_t length = equals ? (size_t)(equals - maps->items[i]) : 0;
		if (length && strncmp(file, maps->items[i], length) == 0) {
			snprintf(out, size, "%s%s", equals + 1, file + length);
			return true;
		}
	}
	return false;
}

/* A file name from an ELF may climb anywhere: only what stays below the root is opened. */
static bool climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

/* Below --source-root: the whole path first, then ever shorter tails of it. */
static bool read_below(const char *root, const char *file, struct fl_buffer *ret)
{
	if (climbs(file))
		return false;
	for (const char *tail = file; tail; tail = strchr(tail, '/')) {
		while (*tail == '/')
			tail++;
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", root, tail);
		if (*tail && cli_read_file(path, ret, NULL) == FL_OK)
			return true;
	}
	return false;
}

static void load_source(struct source *source, const char *file)
{
	if (source->path && strcmp(source->path, file) == 0)
		return;
	free(source->path);
	source->path = strdup(file);
	fl_buffer_deinit(&source->text);
	char mapped[4096];
	if (map_path(&source->render->path_maps, file, mapped, sizeof(mapped)) && !climbs(mapped) &&
	    cli_read_file(mapped, &source->text, NULL) == FL_OK)
		return;
	if (source->render->source_root)
		(void)read_below(source->render->source_root, file, &source->text);
}

static const char *source_line(void *context, const char *file, uint32_t line)
{
	struct source *source = context;
	load_source(source, file);
	const char *p = (const char *)source->text.data;
	const char *end = p ? p + source->text.size : NULL;
	for (uint32_t at = 1; p && p < end && at < line; at++) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	if (!p || p >= end || !line)
		return NULL;
	const char *stop = memchr(p, '\n', (size_t)(end - p));
	size_t size = (size_t)((stop ? stop : end) - p);
	if (size >= sizeof(source->line))
		size = sizeof(source->line) - 1;
	memcpy(source->line, p, size);
	source->line[size] = '\0';
	return source->line;
}

static enum fl_code render_text(const struct fl_report *report, const struct cli_render *render,
				struct fl_buffer *ret, struct fl_error *err)
{
	struct source source = { .render = render };
	struct fl_text_options options = {
		.size = sizeof(options),
		.width = cli_columns(),
		.color = cli_use_color(render->color, render->output),
		.all_frames = render->all_frames,
		.context = &source,
		.thread = render->threads.count ? render->threads.items[0] : NULL,
	};
	if (render->source_root || render->path_maps.count)
		options.source_line = source_line;
	enum fl_code code = fl_report_text(report, &options, ret, err);
	free(source.path);
	fl_buffer_deinit(&source.text);
	return code;
}

/* Else no line of source would be shown, and nothing would say why. */
static bool is_folder(const char *path)
{
	struct stat info;
	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return true;
	cli_error("--source-root %s: is no folder", cli_text(path));
	return false;
}

bool cli_render_fits(const struct cli_render *render)
{
	if (render->source_root && !is_folder(render->source_root))
		return false;
	if (render->threads.count > 1) {
		cli_error("--thread takes one name, or 'all': it was given %zu times",
			  render->threads.count);
		return false;
	}
	if (!render->threads.count || render->format != CLI_JSON_FORMAT)
		return true;
	cli_error("--thread is for text: JSON always tells of every thread");
	return false;
}

int cli_render_bytes(const struct fl_report *report, const struct cli_render *render,
		     struct fl_buffer *ret)
{
	struct fl_error err = { 0 };
	enum fl_code code = render->format == CLI_JSON_FORMAT
				    ? fl_report_json(report, ret, &err)
				    : render_text(report, render, ret, &err);
	return code ? cli_fail(code == FL_ENOTFOUND ? "--thread" : "report", &err) : CLI_OK;
}

int cli_render_report(const struct fl_report *report, const struct cli_render *render)
{
	FL_AUTO_BUFFER out = { 0 };
	int code = cli_render_bytes(report, render, &out);
	return code ? code : cli_write(render->output, &out);
}
