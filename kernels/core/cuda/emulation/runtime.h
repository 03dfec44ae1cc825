#pragma once

/// Memory of the emulated device: what stands in for cudaMalloc, cudaFree, cudaMemcpy and
/// cudaMemset. There are no streams: every operation, like every launch, is done when the call
/// returns.
///
/// Fresh memory is 0xFF: NaN in every float type, -1 as an index. Under AddressSanitizer each
/// allocation is a malloc of its own; otherwise it ends at a page that faults on access, and
/// device_free checks the bytes in front of it.

#include <cstddef>

namespace elm::emulation {

/// Aligned to 16 bytes. Zero bytes give a null pointer. Throws std::bad_alloc.
/// (cudaMalloc aligns to 256; here the end of the buffer must meet the guard page.)
void* device_allocate(std::size_t bytes);

/// Throws DeviceFault if `pointer` was not allocated here, or if bytes in front of it were changed.
void device_free(void* pointer);

/// Copies in any direction between host and device; the ranges do not overlap.
/// Throws DeviceFault if a range begins inside an allocation of the device and ends beyond it.
void device_copy(void* destination, const void* source, std::size_t bytes);

void device_set(void* destination, unsigned char byte, std::size_t bytes);

/// Whether the address lies inside a live allocation of the device.
bool is_device_pointer(const void* pointer);

/// Bytes in live allocations, for tests of leaks.
std::size_t device_bytes_in_use();

}  // namespace elm::emulation
