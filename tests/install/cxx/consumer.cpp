// SPDX-License-Identifier: Apache-2.0
#include <faultline/faultline.h>
#include <faultline/store.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

static std::string slurp(const char *path)
{
	std::ifstream file(path, std::ios::binary);
	return { std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>() };
}

template <auto Close> struct closer {
	template <typename T> void operator()(T *handle) const
	{
		Close(handle);
	}
};

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	const std::string dump = slurp(argv[1]);
	const std::string elf = slurp(argv[2]);
	fl_error err{};
	fl_symbols *opened = nullptr;
	if (fl_symbols_open(elf.data(), elf.size(), "fw.elf", &opened, &err)) {
		std::cerr << err.message << '\n';
		return 1;
	}
	const std::unique_ptr<fl_symbols, closer<fl_symbols_close>> compiled(opened);
	fl_buffer index{};
	if (fl_symbols_encode(compiled.get(), nullptr, &index, &err) ||
	    fl_symbols_decode(index.data, index.size, &opened, &err)) {
		std::cerr << err.message << '\n';
		return 1;
	}
	const std::unique_ptr<fl_buffer, closer<fl_buffer_deinit>> bytes(&index);
	const std::unique_ptr<fl_symbols, closer<fl_symbols_close>> symbols(opened);
	fl_report *made = nullptr;
	const fl_symbols *list[] = { symbols.get() };
	if (fl_analyze(dump.data(), dump.size(), list, 1, nullptr, &made, &err)) {
		std::cerr << err.message << '\n';
		return 1;
	}
	const std::unique_ptr<fl_report, closer<fl_report_close>> report(made);
	std::cout << fl_report_facts(report.get()).title << '\n';
	return 0;
}
