#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/embedding_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_gather_rows, GatherRowsArgs);
ELM_DEFINE_INSTANCES(Cuda, run_sum_rows_by_entry, SumRowsByEntryArgs);
template void run_list_entries<Cuda>(Stream&, const ListEntriesArgs&);

}  // namespace elm
