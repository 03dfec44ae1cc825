// ELM neurons fitted to a detailed layer-5 pyramidal cell (Hay et al. 2011,
// doi:10.1371/journal.pcbi.1002107): their files stand in the program. neuron/README.md tells how
// they were made.

#include <cstddef>
#include <span>

#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_model_file.h"

#define ELM_EMBED(symbol, file)                           \
    asm(".section .rodata\n"                              \
        ".balign 16\n" #symbol                            \
        "_begin:\n"                                       \
        ".incbin \"" ELM_FITS_DIR "/" file "\"\n" #symbol \
        "_end:\n"                                         \
        ".byte 0\n"                                       \
        ".previous\n");                                   \
    extern "C" const std::byte symbol##_begin[], symbol##_end[];

ELM_EMBED(elm_l5pc_20, "l5pc-elm-20.h5")
ELM_EMBED(elm_l5pc_100, "l5pc-elm-100.h5")

namespace elm {
namespace {

/// A fit of version 1: under another time step than its 1 ms it is another neuron, for the drive of
/// its memory is that of a step, whatever its length.
ElmModel embedded(const char* name, const std::byte* begin, const std::byte* end,
                  double time_step_ms) {
    ElmModel model = read_elm_model(Hdf5File::open_image(name, {begin, end}));
    model.options.time_step_ms = time_step_ms;
    return model;
}

}  // namespace

BuiltinModel l5pc_elm_20_model() {
    return {"l5pc-elm-20", "a layer-5 pyramidal cell: ELM neuron of 20 memory units, 1278 synapses",
            [](double time_step_ms) {
                return embedded("l5pc-elm-20", elm_l5pc_20_begin, elm_l5pc_20_end, time_step_ms);
            }};
}

BuiltinModel l5pc_elm_100_model() {
    return {"l5pc-elm-100",
            "a layer-5 pyramidal cell: ELM neuron of 100 memory units, 1278 synapses",
            [](double time_step_ms) {
                return embedded("l5pc-elm-100", elm_l5pc_100_begin, elm_l5pc_100_end, time_step_ms);
            }};
}

}  // namespace elm
