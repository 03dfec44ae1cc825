#include "kernels/ops/elm/cpu/scan_run.h"

namespace elm::scan {

template void run_tile<float>(const ElmScanArgs<float>&, const Tile&, TileMemory<float>&);

}  // namespace elm::scan
