#include "kernels/ops/elm/cpu/gradient/gradient_tile.h"

namespace elm::gradient {

ELM_GRADIENT_STAGES(, float, Activation::relu)

}  // namespace elm::gradient
