#include "base/timestamp.h"

#include <fmt/format.h>

namespace unspool {
namespace {

struct Parts {
  int year;
  unsigned month, day;
  long hours, minutes, seconds, micros;
};

Parts parts(Timestamp t) {
  using namespace std::chrono;
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> time{floor<microseconds>(t - day)};
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .hours = time.hours().count(),
          .minutes = time.minutes().count(),
          .seconds = time.seconds().count(),
          .micros = time.subseconds().count()};
}

}  // namespace

std::string eve_time(Timestamp t) {
  const Parts p = parts(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+0000", p.year, p.month, p.day, p.hours, p.minutes,
                     p.seconds, p.micros);
}

std::string name_time(Timestamp t) {
  const Parts p = parts(t);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}.{:06}Z", p.year, p.month, p.day, p.hours, p.minutes, p.seconds,
                     p.micros);
}

}  // namespace unspool
