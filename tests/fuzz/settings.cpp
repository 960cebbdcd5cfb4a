// The input is a configuration, and behind a zero byte each, what follows --set. Whatever it is: it is read or all that
// is wrong is said in lines that can be shown; and what was read is written so that it reads the same.
#include "settings/yaml.h"

#include <algorithm>

#include "fuzz/target.h"
#include "protocols/catalog.h"
#include "settings/text.h"

namespace unspool::test {
namespace {

const std::vector<std::string> kNames = protocol_names();

void check_errors(const Errors& errors, std::string_view origin) {
  constexpr std::size_t kMostErrors = 101, kLongest = 4096;
  check(!errors.empty() && errors.size() <= kMostErrors, "errors are not told, or too many");
  for (const Error& error : errors) {
    check(is_printable(error.what) && error.what.size() < kLongest, error.what);
    check(error.what.starts_with(origin), error.what);
  }
}

void check_dump(const Settings& settings) {
  if (!is_printable(settings.output)) return;  // no text
  const std::string dumped = dump_settings(settings);
  const auto again = parse_settings(dumped, "dump", kNames);
  if (!again) give_up(again.error().front().what);
  check(*again == settings, "what is dumped reads as something else");
  check_same(dump_settings(*again), dumped, "it is dumped otherwise");
}

}  // namespace
}  // namespace unspool::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace unspool;
  using namespace unspool::test;
  const std::string_view input = as_text(std::as_bytes(std::span{data, size}));
  std::size_t end = std::min(input.find('\0'), input.size());
  auto read = parse_settings(input.substr(0, end), "unspool.yaml", kNames);
  if (!read) check_errors(read.error(), "unspool.yaml");
  Settings settings = read ? *read : Settings{};
  check_dump(settings);
  for (int times = 0; end < input.size() && times < 20; ++times) {
    const std::size_t begin = end + 1;
    end = std::min(input.find('\0', begin), input.size());
    const Settings before = settings;
    const auto applied = apply_setting(settings, std::string{input.substr(begin, end - begin)}, kNames);
    if (!applied) check_errors(applied.error(), "--set ");
    check(applied || settings == before, "what is wrong changes something");
    if (applied) check_dump(settings);
  }
  return 0;
}
