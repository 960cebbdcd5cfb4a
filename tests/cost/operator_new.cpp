// This program's operator new and delete. Alone here: where the compiler sees through them, it takes free(3) for a
// mistake.
#include <cstdlib>
#include <new>

#include "counted_allocations.h"

void* operator new(std::size_t size) { return unspool::test::allocate_counted(size, 0); }
void* operator new[](std::size_t size) { return unspool::test::allocate_counted(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return unspool::test::allocate_counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return unspool::test::allocate_counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
