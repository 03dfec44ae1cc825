#include "kernels/ops/elm/cpu/scan_run.h"

namespace elm::scan {

template void run_tile<double>(const ElmScanArgs<double>&, const Tile&, TileMemory<double>&);

}  // namespace elm::scan
