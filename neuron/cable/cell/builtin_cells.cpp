// Cells that stand in the program: the files of cells/.

#include "neuron/cable/cell/cell_file.h"

#define ELM_EMBED(symbol, file)                            \
    asm(".section .rodata\n" #symbol                       \
        "_begin:\n"                                        \
        ".incbin \"" ELM_CELLS_DIR "/" file "\"\n" #symbol \
        "_end:\n"                                          \
        ".byte 0\n"                                        \
        ".previous\n");                                    \
    extern "C" const char symbol##_begin[], symbol##_end[];

ELM_EMBED(elm_cell_l5pc, "l5pc.toml")

namespace elm::cable {

const std::vector<BuiltinCell>& builtin_cells() {
    static const std::vector<BuiltinCell> cells = {
        {"l5pc", "layer-5 thick-tufted pyramidal cell of rat somatosensory cortex",
         std::string(elm_cell_l5pc_begin, elm_cell_l5pc_end)}};
    return cells;
}

}  // namespace elm::cable
