#pragma once

/// Kernels that are right, and kernels with one planted fault each. All launchers run on the
/// emulated device; buffers are host memory unless said otherwise. A comment "mark: name" in a .cu
/// file gives the tests the line of the accesses that a report must name.

#include <string>
#include <vector>

namespace elm::planted {

// --- good.cu: right in every schedule
// -------------------------------------------------------------

/// Runs all good kernels with blocks of at most `threads` threads (a multiple of 32) and compares
/// with plain loops. Returns the first difference, or "".
std::string check_good_kernels(unsigned threads);
/// The good kernels that share global memory between blocks, with few threads: three blocks of 32.
std::string check_concurrent_blocks();

// --- barriers.cu
// ----------------------------------------------------------------------------------

/// Each thread reads what its left neighbour wrote, without a barrier between.
std::vector<float> missing_barrier(unsigned threads);
/// Time steps with one barrier where two are needed: state is overwritten while others read it.
/// Returns the number of wrong values after `steps` steps.
int missing_second_barrier(unsigned threads, int steps);
/// The two halves of a block wait at different lines.
void divergent_barrier(unsigned threads);
/// Threads from `active` on return; the others wait in a barrier.
void early_return(unsigned threads, unsigned active, bool allowed);
/// A barrier inside `if (threadIdx.x < 100)`.
void barrier_in_branch(unsigned threads);
/// Lanes of one warp wait for the block, others for the warp.
void deadlock();

// --- warps.cu
// -------------------------------------------------------------------------------------

enum class WarpOrder { nothing, shuffle, barrier };
/// Lanes exchange values through shared memory, ordered by nothing, by a shuffle or by __syncwarp.
/// Returns the number of wrong values.
int exchange_through_shared(WarpOrder order);
/// Half of the lanes return, the others read from them.
void shuffle_from_returned_lane();
/// A lane reads from one that its mask does not name.
void shuffle_from_unnamed_lane();
/// Half of the lanes shuffle, the others vote, with one mask.
void mixed_warp_operations();
/// Both halves of a warp shuffle with the full mask, at different lines.
void warp_operation_at_two_lines();
/// Halves of a warp name different, overlapping masks.
void different_masks();

// --- memory.cu
// ------------------------------------------------------------------------------------

/// All threads add 1 to one number without an atomic; returns the number.
int lost_update(unsigned threads);
/// The same with atomicAdd.
int atomic_update(unsigned threads);
/// Every block writes the same address; returns the value.
int blocks_write_one_address(unsigned blocks);
/// Returns what a block read from shared memory that nobody wrote.
std::vector<float> read_unwritten_shared(unsigned threads);
/// Writes one element past the end of an array inside the shared struct.
void past_fixed_array(unsigned offset);
/// Reads one element past the dynamic shared memory.
void past_dynamic_shared();
/// Writes output[index].
void write_at(float* output, unsigned index);
/// Loads a float4 from an address that is a multiple of 4 only.
float misaligned_vector_load(const float* input);
/// The same for one member of it.
float misaligned_vector_member(const float* input);

enum class CopyFault { none, wait_missing, barrier_missing };
/// Copies through shared memory asynchronously; each thread reads its neighbour's part. Returns the
/// number of wrong values.
int asynchronous_copy(CopyFault fault, unsigned threads);
/// A thread returns while its copies are under way.
void unfinished_copy();

}  // namespace elm::planted
