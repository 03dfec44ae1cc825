// The ELM recurrence on the tape against outputs and gradients made by other programs
// (tests/golden, make_elm_golden.py), on every device.

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "kernels/ops/elm/scan_node.h"
#include "neuron/elm/elm_model_file.h"
#include "neuron/elm/elm_scan_model.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"

namespace elm {
namespace {

using test::tensor_of;
using test::values_of;

/// Leaves of a tape and their gradients.
struct Leaves {
    Stream& stream;
    Tape& tape;
    DType dtype;
    std::vector<Tensor> gradients = {};

    Var add(const Shape& shape, const std::vector<double>& values) {
        gradients.push_back(Tensor::zeros(stream, shape, dtype));
        return tape.leaf({tensor_of(stream, shape, dtype, values), gradients.back()});
    }
    ElmScanVars::Layer add(const ElmScanModel::Layer& layer) {
        const std::int64_t n_out = ElmScanModel::n_out(layer);
        const Var weight = add({n_out, ElmScanModel::n_in(layer)}, layer.weight);
        return {weight, add({n_out}, layer.bias)};
    }
};

void check_case(const Hdf5File& file, const std::string& name, Device device, DType precision,
                std::int64_t segment_steps) {
    SCOPED_TRACE(name + " on " + to_string(device) + " in " + std::string(name_of(precision)));
    const ElmModel model = read_state_dict(file, name, name + "/parameters");
    const ElmScanModel scan = scan_model(model);
    const auto& parameters = scan.parameters;
    ElmStructure structure = scan.structure;
    structure.segment_steps = segment_steps;
    Stream stream{device};
    Tape tape;
    Context context{stream, &tape};
    Leaves leaves{stream, tape, precision};
    ElmScanVars vars;
    const std::int64_t n_memory = scan.n_memory();
    vars.synapse_weight = leaves.add({static_cast<std::int64_t>(parameters.synapse_weight.size())},
                                     parameters.synapse_weight);
    vars.memory_decay = leaves.add({n_memory}, parameters.memory_decay);
    vars.memory_gain = leaves.add({n_memory}, parameters.memory_gain);
    for (const ElmScanModel::Layer& layer : parameters.layers)
        vars.layers.push_back(leaves.add(layer));
    vars.readout = leaves.add(parameters.readout);
    const auto shape = file.shape(name + "/input");
    const Var input =
        leaves.add({shape[0], shape[1], shape[2]}, file.read<double>(name + "/input"));
    const Var output = elm_scan(context, structure, vars, input);
    const Tensor output_gradient = tensor_of(stream, output.value.shape(), precision,
                                             file.read<double>(name + "/grad_output"));
    tape.backward(stream, std::vector<Var>{output}, std::vector<Tensor>{output_gradient});

    const test::Tolerance tolerance{
        .terms = shape[0] * shape[1] * (structure.n_branch + n_memory + model.options.hidden())};
    const auto expect = [&](const std::vector<double>& result, const std::string& array) {
        EXPECT_EQ(
            test::difference(result, file.read<double>(name + "/" + array), precision, tolerance),
            "")
            << array;
    };
    expect(values_of(output.value), "output");
    expect(values_of(leaves.gradients.back()), "grad_input");
    std::vector<double> synapse = values_of(leaves.gradients[0]);
    const auto& proto = model.at("_proto_w_s").values;
    for (std::size_t s = 0; s < synapse.size(); ++s) {
        if (proto[s] <= 0) synapse[s] = 0;  // behind the rectifier
    }
    expect(synapse, "gradients/_proto_w_s");
    if (file.has(name + "/gradients/_proto_tau_m")) {
        const auto decay = values_of(leaves.gradients[1]), gain = values_of(leaves.gradients[2]);
        std::vector<double> tau_gradient;
        const double dt = model.options.time_step_ms, lambda = model.options.lambda;
        for (std::size_t m = 0; m < decay.size(); ++m) {
            const auto [tau, slope] = memory_tau(model.options, model.at("_proto_tau_m").values[m]);
            const double decay_slope = std::exp(-dt / tau) * dt / (tau * tau);
            const double gain_slope =
                model.options.version == ElmVersion::v1
                    ? -lambda * decay_slope
                    : -std::exp(-lambda * dt / tau) * lambda * dt / (tau * tau);
            tau_gradient.push_back(slope * (decay[m] * decay_slope + gain[m] * gain_slope));
        }
        expect(tau_gradient, "gradients/_proto_tau_m");
    }
    for (std::size_t l = 0; l <= parameters.layers.size(); ++l) {
        const std::string layer = l == parameters.layers.size()
                                      ? std::string("gradients/w_y")
                                      : "gradients/mlp.network." + std::to_string(2 * l);
        expect(values_of(leaves.gradients[3 + 2 * l]), layer + ".weight");
        expect(values_of(leaves.gradients[4 + 2 * l]), layer + ".bias");
    }
}

void check_device(Device device) {
    const Hdf5File file = Hdf5File::open(ELM_GOLDEN_DIR "/elm_small.h5");
    int n_cases = 0;
    for (const std::string& name : file.links("/")) {
        if (!file.has(name + "/gradients")) continue;
        check_case(file, name, device, DType::f64, 0);
        check_case(file, name, device, DType::f32, 7);
        ++n_cases;
    }
    EXPECT_GE(n_cases, 6);
}

TEST(ElmScanGolden, node_agrees_with_the_small_golden_file) { check_device({}); }

TEST(ElmScanGolden, node_agrees_with_the_small_golden_file_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) check_device(device);
}

}  // namespace
}  // namespace elm
