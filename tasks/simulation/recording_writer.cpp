#include "tasks/simulation/recording_writer.h"

#include "kernels/core/build_info.h"
#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"
#include "tasks/neuronio/neuronio_output.h"

namespace elm {

bool has_neuronio_outputs(const ModelSpec& model) { return model.shape.n_output == 2; }

RecordingChoice parse_recording(const std::vector<std::string>& words, const FittedModel& fitted) {
    const ModelSpec& model = fitted.spec;
    RecordingChoice choice;
    for (const std::string& word : words) {
        bool* const chosen = word == "output"     ? &choice.output
                             : word == "voltage"  ? &choice.voltage
                             : word == "memory"   ? &choice.memory
                             : word == "branches" ? &choice.branches
                                                  : nullptr;
        ELM_CHECK(chosen != nullptr, "{}: expected output, voltage, memory, branches.{}", word,
                  nearest_hint(word, {"output", "voltage", "memory", "branches"}));
        *chosen = true;
    }
    ELM_CHECK(fitted.model->traits().n_memory > 0 || (!choice.memory && !choice.branches),
              "{}: only an ELM neuron has that, and this model is of kind {}. Record output{}.",
              choice.memory ? "memory" : "branches", model.model,
              has_neuronio_outputs(model) ? ",voltage" : "");
    ELM_CHECK(!choice.voltage || has_neuronio_outputs(model),
              "voltage: this model has {} outputs, expected 2 (spike logit and voltage). "
              "Record output.",
              model.shape.n_output);
    return choice;
}

double bytes_of_step(const FittedModel& model, const RecordingChoice& choice) {
    const ModelTraits traits = model.model->traits();
    const std::int64_t outputs = has_neuronio_outputs(model.spec) ? 1 : model.spec.shape.n_output;
    const std::int64_t values = (choice.output ? outputs : 0) + (choice.voltage ? 1 : 0) +
                                (choice.memory ? traits.n_memory : 0) +
                                (choice.branches ? traits.n_branch : 0);
    return static_cast<double>(values) * static_cast<double>(size_of(model.precision()));
}

RecordingWriter::RecordingWriter(const std::string& path, const FittedModel& model,
                                 RecordingChoice choice, const std::string& model_name,
                                 const std::string& config, std::int64_t first_step)
    : file_(Hdf5File::create(path)),
      model_(model.spec),
      traits_(model.model->traits()),
      choice_(choice),
      type_(model.precision() == DType::f64 ? FileType::f64 : FileType::f32) {
    file_.set_attribute("/", "format", std::string("elm-recording"));
    file_.set_attribute("/", "format_version", std::int64_t{1});
    file_.set_attribute("/", "program_version", std::string(build_info::version));
    file_.set_attribute("/", "model", model_name);
    file_.set_attribute("/", "time_step_ms", model_.time_step_ms);
    file_.set_attribute("/", "start_ms", static_cast<double>(first_step) * model_.time_step_ms);
    file_.write_string("/config", config);
}

void RecordingWriter::add_sample(const std::string& name, std::int64_t chunk_steps) {
    file_.make_group("/" + name);
    const auto make = [&](bool chosen, const char* dataset, const std::vector<std::int64_t>& row) {
        if (chosen) file_.make_growing("/" + name + "/" + dataset, row, type_, chunk_steps);
    };
    const bool neuronio = has_neuronio_outputs(model_);
    make(choice_.output && neuronio, "spike_probability", {});
    make(choice_.output && !neuronio, "output", {model_.shape.n_output});
    make(choice_.voltage, "voltage_mV", {});
    make(choice_.memory, "memory", {traits_.n_memory});
    make(choice_.branches, "branches", {traits_.n_branch});
}

void RecordingWriter::append(const std::string& name, const SequenceTrace& trace,
                             std::int64_t index, std::int64_t begin, std::int64_t end) {
    if (begin >= end) return;
    const std::string group = "/" + name + "/";
    visit_real(trace.output.dtype(), [&]<class Real>(Real) {
        const auto rows = [&](const Tensor& tensor) {
            const auto width = static_cast<std::size_t>(tensor.shape()[2]);
            const auto first = static_cast<std::size_t>(index * tensor.shape()[1] + begin) * width;
            const std::span<const Real> all = tensor.host<Real>();
            return all.subspan(first, static_cast<std::size_t>(end - begin) * width);
        };
        const auto each_step = [&](const auto& convert) {
            const auto y = rows(trace.output);
            std::vector<Real> values(static_cast<std::size_t>(end - begin));
            for (std::size_t k = 0; k < values.size(); ++k) {
                values[k] = static_cast<Real>(convert(y[2 * k], y[2 * k + 1]));
            }
            return values;
        };
        const auto put = [&](const char* dataset, std::span<const Real> values) {
            file_.append<Real>(group + dataset, values);
        };
        if (choice_.output && has_neuronio_outputs(model_)) {
            put("spike_probability",
                each_step([](Real logit, Real) { return spike_probability(logit); }));
        } else if (choice_.output) {
            put("output", rows(trace.output));
        }
        if (choice_.voltage) {
            put("voltage_mV", each_step([](Real, Real y) { return predicted_voltage_mV(y); }));
        }
        if (choice_.memory) put("memory", rows(trace.memory));
        if (choice_.branches) put("branches", rows(trace.branches));
    });
}

}  // namespace elm
