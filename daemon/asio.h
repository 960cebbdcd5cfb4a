// Boost.Asio, as Debian 12 ships it: in C++20 it needs <utility> first.
#pragma once

#include <utility>

// A loop belongs to one thread: its handlers need no fences, which ThreadSanitizer does not know.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
