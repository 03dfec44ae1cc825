#include "tasks/training/elm_fit.h"

#include <optional>
#include <vector>

#include "kernels/core/check.h"
#include "neuron/elm/elm_gradient_pass.h"
#include "neuron/elm/elm_model_file.h"
#include "tasks/training/tape_gradient.h"

namespace elm {
namespace {

class ElmFit final : public FitModel, public GroupMember {
public:
    ElmFit(ElmModel start, DType precision, Device device, ElmArithmetic arithmetic)
        : precision_(precision), module_(std::move(start), arithmetic) {
        if (device.kind == DeviceKind::cpu) pass_.emplace(module_.structure(), precision);
    }

    Module& module() override { return module_; }

    NeuronIoLoss add_gradient(Stream& stream, const NeuronIoBatch& batch,
                              const RandomKey& key) override {
        if (!pass_) return tape_gradient(stream, module_, batch, key);
        const ElmPassCall pass = call(batch);
        pass_->run(pass.parameters, pass.gradients, *pass.spikes, pass.outputs, pass.loss);
        return loss();
    }

    GroupMember* group_member() override { return pass_ ? this : nullptr; }
    const ElmModel& structure() const override { return module_.structure(); }

    ElmPassCall call(const NeuronIoBatch& batch) override {
        prepare(batch.spikes);
        ElmPassCall pass;
        pass.parameters = values_;
        pass.gradients = gradients_;
        pass.spikes = &batch.spikes;
        pass.outputs = {output_, output_gradient_, {}};
        pass.loss = [this, &batch](std::int64_t first, std::int64_t count) {
            for (std::int64_t sample = first; sample < first + count; ++sample) {
                losses_[static_cast<std::size_t>(sample)] =
                    neuronio_loss(output_, batch.spike_target, batch.voltage_target, sample,
                                  batch.n_bins, output_gradient_);
            }
        };
        return pass;
    }

    NeuronIoLoss loss() const override {
        NeuronIoLoss total;
        for (const NeuronIoLoss& loss : losses_) total.add(loss);
        return total;
    }

    std::unique_ptr<Surrogate> surrogate(Stream& stream) override {
        return elm_surrogate(stream, module_.model(), precision_);
    }

    double flops_per_step() const override {
        const ElmOptions& options = module_.options();
        double products = 0;
        std::int64_t width = options.branches() + options.n_memory;
        for (std::int64_t layer = 0; layer < options.mlp_layers; ++layer) {
            products += static_cast<double>(width * options.hidden());
            width = options.hidden();
        }
        products += static_cast<double>((width + options.n_output) * options.n_memory);
        return 2 * products;
    }

    void save(const std::string& path, const std::string& source, bool force) override {
        ElmModel model = module_.model();
        model.source = source;
        save_elm_model(model, path, force);
    }

    void save_safetensors(const std::string& path, bool force) override {
        save_elm_safetensors(module_.model(), path, force);
    }

private:
    void prepare(const SpikeTrain& spikes) {
        if (values_.empty()) {
            for (const auto& [name, parameter] : module_.trainable()) {
                values_.push_back(parameter->value);
                gradients_.push_back(parameter->gradient);
            }
        }
        const Shape shape{spikes.n_samples, spikes.n_steps, module_.options().n_output};
        if (output_.defined() && output_.shape() == shape) return;
        Stream host{Device{}};
        output_ = Tensor::zeros(host, shape, precision_);
        output_gradient_ = Tensor::zeros(host, shape, precision_);
        losses_.resize(static_cast<std::size_t>(spikes.n_samples));
    }

    DType precision_;
    ElmModule module_;
    std::optional<ElmGradientPass> pass_;     // on the CPU
    std::vector<Tensor> values_, gradients_;  // of the trainable parameters
    Tensor output_, output_gradient_;         // (batch, time, 2)
    std::vector<NeuronIoLoss> losses_;        // by sample
};

}  // namespace

std::unique_ptr<FitModel> elm_fit(ElmModel start, DType precision, Device device,
                                  ElmArithmetic arithmetic) {
    ELM_CHECK(start.options.n_output == 2,
              "a surrogate of a neuron has 2 outputs, spike logit and voltage (got {})",
              start.options.n_output);
    return std::make_unique<ElmFit>(std::move(start), precision, device, arithmetic);
}

}  // namespace elm
