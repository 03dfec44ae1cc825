#include "kernels/ops/elm/cpu/gradient/gradient_tile.h"

namespace elm::gradient {

ELM_GRADIENT_STAGES(, double, Activation::relu2)

}  // namespace elm::gradient
