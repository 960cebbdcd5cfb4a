#include "capture/filter.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "capture/link_types.h"

namespace unspool {
namespace {

constexpr std::uint16_t kEthernet = 1;
constexpr int kSnaplen = 262'144;
constexpr std::size_t kMostLinkTypes = 64;

class Program {
 public:
  static Result<Program> compile(const std::string& expression, std::uint16_t link_type) {
    const std::unique_ptr<pcap_t, void (*)(pcap_t*)> dead{::pcap_open_dead(dlt_of(link_type), kSnaplen), ::pcap_close};
    if (!dead) return fail("out of memory");
    Program program;
    if (::pcap_compile(dead.get(), &program.code_, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
      return fail(::pcap_geterr(dead.get()));
    }
    return program;
  }

  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  Program(Program&& other) noexcept : code_{std::exchange(other.code_, bpf_program{})} {}
  Program& operator=(Program&& other) noexcept {
    std::swap(code_, other.code_);
    return *this;
  }
  ~Program() { ::pcap_freecode(&code_); }

  bool matches(const Packet& packet) const {
    const auto captured = static_cast<u_int>(packet.bytes.size());
    return ::bpf_filter(code_.bf_insns, reinterpret_cast<const u_char*>(packet.bytes.data()), packet.wire_length,
                        captured) != 0;
  }

 private:
  Program() = default;
  bpf_program code_{};
};

}  // namespace

struct Filter::Programs {
  struct Row {
    std::uint16_t link_type;
    std::optional<Program> program;  // none: makes no sense for this link type
  };

  /// Null where there is none. Valid until the next call.
  const Program* of(std::uint16_t link_type) {
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.link_type == link_type; });
    if (row == rows.end()) {
      if (rows.size() == kMostLinkTypes) return nullptr;
      auto compiled = Program::compile(expression, link_type);
      row = rows.insert(row, Row{link_type, compiled ? std::optional{std::move(*compiled)} : std::nullopt});
    }
    return row->program ? &*row->program : nullptr;
  }

  std::string expression;
  std::vector<Row> rows;
  std::uint64_t unjudged = 0;
};

Filter::Filter(std::unique_ptr<Programs> programs) : programs_{std::move(programs)} {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::compile(const std::string& expression) {
  if (expression.empty()) return Filter{nullptr};
  auto program = Program::compile(expression, kEthernet);
  if (!program) return fail(fmt::format("'{}' is no filter expression: {}", expression, program.error().what));
  auto programs = std::make_unique<Programs>();
  programs->expression = expression;
  programs->rows.push_back({.link_type = kEthernet, .program = std::move(*program)});
  return Filter{std::move(programs)};
}

bool Filter::judge(const Packet& packet) {
  const Program* program = programs_->of(packet.link_type);
  if (program == nullptr) ++programs_->unjudged;
  return program != nullptr && program->matches(packet);
}

std::uint64_t Filter::unjudged() const { return programs_ ? programs_->unjudged : 0; }

}  // namespace unspool
