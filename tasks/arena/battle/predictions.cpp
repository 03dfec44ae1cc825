#include "tasks/arena/battle/predictions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/arena/stored_values.h"
#include "tasks/comparison/sample_scores.h"
#include "tasks/neuronio/model_scores.h"
#include "tasks/preference_losses.h"

namespace elm {
namespace {

constexpr const char* format_name = "arena-predictions";
constexpr std::int64_t format_version = 1;

/// Calls visit(name, column, type) for every column of a part but its outputs.
template <class Part, class Visit>
void visit_columns(Part& part, const Visit& visit) {
    visit("sample", part.samples, FileType::i64);
    visit("loss", part.loss, FileType::f64);
    visit("right", part.right, FileType::f64);
    visit("calibrated", part.calibrated, FileType::f64);
    visit("difficulty", part.difficulty, FileType::f64);
    visit("label", part.label, FileType::i32);
    visit("group", part.group, FileType::i64);
}

void write_part(Hdf5File& file, const PartAnswers& part) {
    const std::string group = "/" + part.part + "/";
    visit_columns(part,
                  [&]<class T>(const char* name, const std::vector<T>& column, FileType type) {
                      if (column.empty()) return;
                      file.write<T>(group + name, {std::ssize(column)}, column, type);
                  });
    if (!part.outputs.empty()) {
        file.write<float>(group + "outputs", {part.size(), part.n_outputs()}, part.outputs,
                          FileType::f32);
    }
    if (!part.terms.empty()) {
        file.write<double>(group + "terms", {part.size(), part.n_terms()}, part.terms,
                           FileType::f64);
    }
}

PartAnswers read_part(const Hdf5File& file, const std::string& name) {
    PartAnswers part{.part = name};
    const std::string group = "/" + name + "/";
    visit_columns(part, [&]<class T>(const char* column, std::vector<T>& into, FileType) {
        if (file.has(group + column)) into = file.read<T>(group + column);
    });
    if (file.has(group + "outputs")) part.outputs = file.read<float>(group + "outputs");
    if (file.has(group + "terms")) part.terms = file.read<double>(group + "terms");
    visit_columns(part, [&](const char* column, const auto& values, FileType) {
        const std::int64_t n = std::ssize(values);
        if (n == part.size() || (n == 0 && std::string(column) != "sample")) return;
        throw Error(ErrorKind::data, fmt::format("{}: {}{} has {} numbers, expected {}.",
                                                 file.path(), group, column, n, part.size()));
    });
    if (part.size() == 0 || part.outputs.size() % part.loss.size() != 0 ||
        part.terms.size() % part.loss.size() != 0) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: the part {} holds no whole answers.", file.path(), name));
    }
    return part;
}

/// -ln of the right class's share at a temperature.
double calibrated_loss(const PartAnswers& part, std::int64_t sample, double temperature) {
    std::vector<double> z = part.output(sample);
    for (double& one : z) one /= temperature;
    return distillation_loss(z, part.label[static_cast<std::size_t>(sample)], z, {.share = 0}).loss;
}

void add_outputs(const BatchLoss& loss, PartAnswers& part) {
    const Tensor& rows = loss.judged();
    visit_real(rows.dtype(), [&]<class Real>(Real) {
        for (const Real value : rows.host<Real>()) {
            part.outputs.push_back(static_cast<float>(value));
        }
    });
}

/// The sums of each sample of a task that is asked on its test split.
void for_each_loss(const Task& task, Stream& stream, const FittedModel& model,
                   const std::string& part, const std::function<void(const LossSums&)>& sample_of,
                   const std::function<void(const BatchLoss&, const Batch&)>& batch_of) {
    for_each_answer(task, stream, model, Split::test, [&](AnsweredBatch& answered) {
        BatchLoss loss(task, answered);
        const std::int64_t count = answered.output.shape()[0];
        for (std::int64_t sample = 0; sample < count; ++sample) {
            const LossSums sums = loss.of(sample);
            if (!std::isfinite(sums.mean(task.spec()))) {
                throw Error(ErrorKind::numeric,
                            fmt::format("the loss of the part {} is not finite: an output of the "
                                        "model is not a number.",
                                        part));
            }
            sample_of(sums);
        }
        batch_of(loss, answered.batch);
    });
}

void answer_with_class(const Task& task, Stream& stream, const FittedModel& model,
                       double temperature, PartAnswers& answers) {
    for_each_loss(
        task, stream, model, answers.part,
        [&](const LossSums& sums) {
            answers.loss.push_back(sums.mean(task.spec()));
            answers.right.push_back(sums.mean(1));
        },
        [&](const BatchLoss& loss, const Batch& batch) {
            add_outputs(loss, answers);
            const auto labels = batch.targets.front().host<std::int32_t>();
            answers.label.insert(answers.label.end(), labels.begin(), labels.end());
        });
    for (std::int64_t k = 0; k < answers.size(); ++k) {
        answers.calibrated.push_back(calibrated_loss(answers, k, temperature));
    }
}

void answer_with_numbers(const Task& task, Stream& stream, const FittedModel& model,
                         NumberOutputs numbers, PartAnswers& answers) {
    const TaskSpec& spec = task.spec();
    for_each_loss(
        task, stream, model, answers.part,
        [&](const LossSums& sums) {
            answers.loss.push_back(sums.mean(spec));
            for (std::size_t k = 0; k < spec.loss_parts.size(); ++k) {
                answers.terms.push_back(spec.loss_parts[k].weight * sums.mean(k));
            }
        },
        [&](const BatchLoss& loss, const Batch&) {
            if (numbers == NumberOutputs::kept) add_outputs(loss, answers);
        });
}

}  // namespace

std::vector<double> PartAnswers::output(std::int64_t sample) const {
    const auto begin = outputs.begin() + sample * n_outputs();
    return {begin, begin + n_outputs()};
}

const PartAnswers& Predictions::part(const std::string& name) const {
    for (const PartAnswers& one : parts) {
        if (one.part == name) return one;
    }
    std::vector<std::string> known;
    for (const PartAnswers& one : parts) known.push_back(one.part);
    throw Error(ErrorKind::data, fmt::format("the predictions of {} have no part {}; they have {}.",
                                             model, name, fmt::join(known, ", ")));
}

std::vector<std::string> names_of_files(const std::vector<std::string>& paths) {
    std::vector<std::string> names = short_names(paths);
    for (std::string& name : names) std::replace(name.begin(), name.end(), '/', '-');
    return names;
}

void require_distinct(const std::vector<std::string>& names, const std::vector<std::string>& of) {
    std::map<std::string, std::string> taken;
    for (std::size_t k = 0; k < names.size(); ++k) {
        const auto [before, is_new] = taken.emplace(names[k], of[k]);
        ELM_CHECK(is_new,
                  "{} and {} would both be called {}, and one would replace the other: leave one "
                  "out, or give its file another name.",
                  before->second, of[k], names[k]);
    }
}

void write_predictions(const std::string& path, const Predictions& predictions, bool force) {
    OutputFile output(path, force);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    const auto set = [&](const char* name, const Value& value) {
        file.set_attribute("/", name, value);
    };
    set("format", std::string(format_name));
    set("format_version", format_version);
    set("task", predictions.task);
    set("model", predictions.model);
    set("seed", std::to_string(predictions.seed));
    set("temperature", predictions.temperature);
    set("arena_fingerprint", predictions.arena_fingerprint);
    set("model_fingerprint", predictions.model_fingerprint);
    for (const PartAnswers& part : predictions.parts) write_part(file, part);
    file.close();
    output.commit();
}

Predictions read_predictions(const std::string& path) {
    const Hdf5File file = Hdf5File::open(path);
    const StoredValues own(path, file.attributes("/"));
    if (const std::string format = own.text("format"); format != format_name) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is a file {}, expected {}.", path, format, format_name));
    }
    Predictions predictions{.task = own.text("task"),
                            .model = own.text("model"),
                            .seed = own.seed("seed"),
                            .temperature = own.number("temperature"),
                            .arena_fingerprint = own.text("arena_fingerprint"),
                            .model_fingerprint = own.text("model_fingerprint"),
                            .parts = {}};
    for (const std::string& name : file.links("/")) {
        if (file.is_group("/" + name)) predictions.parts.push_back(read_part(file, name));
    }
    if (predictions.parts.empty()) {
        throw Error(ErrorKind::data, fmt::format("{} holds a model without predictions.", path));
    }
    return predictions;
}

double temperature_on(Stream& stream, const ArenaPool& pool, const FittedModel& model,
                      const SampleNumbers& samples) {
    const std::unique_ptr<Task> task =
        pool.task_of({.train = samples, .validation = samples, .test = samples});
    return calibration(*task, stream, model);
}

PartAnswers answer(Stream& stream, const ArenaPool& pool, const FittedModel& model,
                   const std::string& part, const SampleNumbers& samples, double temperature,
                   NumberOutputs numbers) {
    const TaskSpec& spec = pool.spec();
    ELM_CHECK(scores_by_sample(spec),
              "the samples of the task {} are not scored one by one, so nobody beats another on "
              "one of them.",
              spec.name);
    PartAnswers answers{.part = part, .samples = samples};
    if (pool.group_size() > 1) {
        for (const std::int64_t sample : samples) {
            answers.group.push_back(sample / pool.group_size());
        }
    }
    const std::unique_ptr<Task> task =
        pool.task_of({.train = samples, .validation = samples, .test = samples});
    if (!spec.has_labels) {
        answer_with_numbers(*task, stream, model, numbers, answers);
    } else if (spec.pooling != Pooling::all) {
        answer_with_class(*task, stream, model, temperature, answers);
    } else {
        const SampleScores scores = score_samples(*task, stream, model, Split::test, temperature);
        for (const LossSums& one : scores.sums) {
            answers.loss.push_back(one.mean(spec));
            answers.right.push_back(one.mean(1));
        }
        answers.calibrated = scores.calibrated;
    }
    return answers;
}

}  // namespace elm
