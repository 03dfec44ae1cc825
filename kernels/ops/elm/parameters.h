#pragma once

#include <utility>
#include <vector>

namespace elm {

/// Parameters of an ELM that training changes, one T for each array: its values, its gradient,
/// where it stands, a variable of the tape. Matrices are row-major.
template <class T>
struct ElmParameters {
    struct Layer {
        T weight{}, bias{};  // (n_out, n_in), (n_out)
    };
    T synapse_weight{};         // (d_b n_s), never negative
    T memory_decay{};           // (d_m): kappa_m
    T memory_gain{};            // (d_m): lambda (1 - kappa_m), or 1 - kappa_lambda
    std::vector<Layer> layers;  // the first takes [b, d], the last gives d_m values
    Layer readout;              // (d_out, d_m), (d_out)

    /// Calls body(array) for each, in the order above, weight before bias.
    template <class Body>
    void for_each(const Body& body) {
        visit(*this, body);
    }
    template <class Body>
    void for_each(const Body& body) const {
        visit(*this, body);
    }

    /// The parameters body(array).
    template <class Body>
    auto map(const Body& body) const {
        ElmParameters<decltype(body(synapse_weight))> result;
        result.synapse_weight = body(synapse_weight);
        result.memory_decay = body(memory_decay);
        result.memory_gain = body(memory_gain);
        for (const Layer& layer : layers) {
            auto& to = result.layers.emplace_back();
            to.weight = body(layer.weight);
            to.bias = body(layer.bias);
        }
        result.readout.weight = body(readout.weight);
        result.readout.bias = body(readout.bias);
        return result;
    }

private:
    template <class Self, class Body>
    static void visit(Self& self, const Body& body) {
        body(self.synapse_weight);
        body(self.memory_decay);
        body(self.memory_gain);
        for (auto& layer : self.layers) {
            body(layer.weight);
            body(layer.bias);
        }
        body(self.readout.weight);
        body(self.readout.bias);
    }
};

}  // namespace elm
