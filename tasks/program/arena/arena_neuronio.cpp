#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "tasks/arena/battle/battle.h"
#include "tasks/arena/battle/neuronio_predictions.h"
#include "tasks/program/arena/arena_commands.h"
#include "tasks/program/arena/arena_context.h"
#include "tasks/program/data_files.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/resolve_model.h"
#include "tasks/training/record/run_files.h"

namespace elm {

int neuronio_battle_command(const Arguments& arguments) {
    const std::string out = arena_folder(arguments);
    ELM_CHECK(arguments.has("model") && !arguments.has("models"),
              "fits of a neuron are taken as they are: expected --model FILE FILE.");
    RunContext context(arguments);
    std::vector<NamedModel> models;
    for (const std::string& name : expand_folders(arguments, "model")) {
        models.push_back({name, resolve_model(arguments, context, name)});
    }
    ELM_CHECK(models.size() >= 2, "{} model alone meets nobody: a battle takes two at least.",
              models.size());
    context.announce();
    std::vector<NeuronIoSimulation> simulations;
    for (const std::string& path : expand_folders(arguments, "data")) {
        const NeuronIoFile file(path);
        for (std::int64_t k = 0; k < file.size(); ++k) {
            simulations.push_back(file.read(k));
            throw_if_interrupted();
        }
    }
    const std::vector<Predictions> all =
        neuronio_predictions(context.stream(), models, simulations, throw_if_interrupted);
    Table table({"model", "part", "simulations", "mean loss"});
    for (const Predictions& one : all) {
        const std::string folder = fmt::format("{}/{}", out, run_name(one));
        make_folder(folder);
        write_predictions(folder + "/predictions.h5", one, arguments.has("force"));
        for (const PartAnswers& part : one.parts) {
            double sum = 0;
            for (const double loss : part.loss) sum += loss;
            table.add({one.model, part.part, fmt::format("{}", part.size()),
                       fmt::format("{:.4f}", sum / static_cast<double>(part.size()))});
        }
    }
    if (arguments.has("json")) {
        print_result(result_header(arguments, context.stream().device())
                         .set("task", "neuronio")
                         .set("output", out)
                         .set("losses", table.to_records())
                         .to_json());
        return 0;
    }
    print_tables(arguments, {{"Losses, relative to the mean rate and voltage", table}});
    log::info("elmsim arena rate {}/*/predictions.h5 rates them", out);
    return 0;
}

}  // namespace elm
