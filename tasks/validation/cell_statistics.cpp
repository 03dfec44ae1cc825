#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <numeric>

#include <fmt/format.h>

#include "neuron/cable/cell/cell_file.h"
#include "tasks/neuronio/neuronio_generator.h"
#include "tasks/neuronio/neuronio_statistics.h"
#include "tasks/validation/cell_reference.h"

namespace elm {

void check_statistics(ValidationReport& report, const std::string& folder) {
    constexpr const char* family = "statistics";
    const std::string recorded = folder + "/neuronio_test.h5";
    const std::string shape = folder + "/l5pc_morphology.asc";
    if (!has_reference_files(report, family, folder, {"neuronio_test.h5", "l5pc_morphology.asc"})) {
        return;
    }
    constexpr std::int64_t simulations = 64;
    NeuronIoRecipe recipe;
    recipe.cell = cable::load_cell("l5pc", shape);
    recipe.seed = 1;
    std::vector<std::int64_t> indices(simulations);
    std::iota(indices.begin(), indices.end(), 0);
    const std::filesystem::path place =
        std::filesystem::temp_directory_path() / fmt::format("elmsim-{}", ::getpid());
    std::filesystem::create_directory(place);
    const std::string path = (place / "own.h5").string();
    NeuronIoGenerator generator(path, recipe, {}, 0, simulations, false, true);
    generator.keep(
        simulate_neuronio(recipe, indices, cable::simulate, [](double) { return true; }));
    generator.finish("");
    const NeuronIoStatistics ours = neuronio_statistics(path);
    std::filesystem::remove_all(place);
    const NeuronIoStatistics theirs = neuronio_statistics(recorded);
    for (const char* const name :
         {"output rate", "output ISI CV", "soma voltage mean", "soma voltage SD",
          "soma voltage mean, cut at -55", "soma voltage SD, cut at -55", "nexus voltage mean",
          "nexus voltage SD", "exc input", "inh input"}) {
        const StatisticRow &a = ours.row(name), &b = theirs.row(name);
        // Two samples of their own random input: three standard errors of the difference.
        report.add({family, fmt::format("{}, from NEURON's {:.4g}", name, b.mean),
                    std::abs(a.mean - b.mean), 3 * std::hypot(a.standard_error, b.standard_error),
                    a.unit, false, fmt::format("ours {:.4g}", a.mean)});
    }
}

}  // namespace elm
