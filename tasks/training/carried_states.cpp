#include "tasks/training/carried_states.h"

#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/scores.h"

namespace elm {
namespace {

std::string name_of_part(std::size_t part, std::size_t tensor) {
    return fmt::format("{}.{}", part, tensor);
}

/// One after the other along axis 0. Throws Error{data} for pieces of different shapes or types.
Tensor concatenated(const std::vector<Tensor>& pieces) {
    Stream host{Device{}};
    const Tensor& first = pieces.front();
    if (first.shape().rank() == 0) {
        throw Error(ErrorKind::data, "a state without an axis is no part of a batch.");
    }
    const auto count = static_cast<std::int64_t>(pieces.size());
    Tensor whole =
        Tensor::empty(host, first.shape().with(0, count * first.shape()[0]), first.dtype());
    std::byte* to = whole.data();
    for (const Tensor& piece : pieces) {
        if (piece.shape() != first.shape() || piece.dtype() != first.dtype()) {
            throw Error(ErrorKind::data,
                        fmt::format("states of shapes {} and {} are no parts of a batch.",
                                    to_string(first.shape()), to_string(piece.shape())));
        }
        std::memcpy(to, piece.data(), piece.bytes());
        to += piece.bytes();
    }
    return whole;
}

}  // namespace

std::size_t empty_trains(Stream& stream, const FittedModel& fitted, const Task& task,
                         DType precision) {
    Batch batch;
    task.fill({.dtype = precision}, batch);
    SequenceState state;
    const auto refuse = [&](const char* why) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("the task {} goes on with the state that the piece before left, "
                                "and that of the model {} {}. Choose another model, or let every "
                                "piece begin at rest.",
                                task.spec().name, fitted.spec.model, why));
    };
    const auto shapes = [&] {
        std::vector<Shape> all;
        for (const Tensor& tensor : state.tensors) all.push_back(tensor.shape());
        return all;
    };
    output_of(stream, task.spec(), *fitted.model, batch, &state);
    for (const SpikeTrain& train : state.spikes) {
        if (train.n_steps == 0) continue;
        refuse("holds spikes, which a checkpoint does not");
    }
    const std::vector<Shape> before = shapes();
    output_of(stream, task.spec(), *fitted.model, batch, &state);
    if (shapes() != before) refuse("grows with each piece");
    return state.spikes.size();
}

CarriedArrays gather_states(Stream& stream, const BatchStates& parts,
                            const Communicator& processes) {
    CarriedArrays whole;
    if (parts.empty()) return whole;
    Stream host{Device{}};
    stream.synchronize();
    for (std::size_t k = 0; k < parts.front().tensors.size(); ++k) {
        std::vector<Tensor> pieces;
        for (const SequenceState& part : parts) pieces.push_back(part.tensors.at(k).to(host));
        const Tensor own = concatenated(pieces);
        // Neighbouring samples are on one process, so its piece of a batch is one piece of memory.
        const Tensor all = Tensor::empty(
            host, own.shape().with(0, processes.size() * own.shape()[0]), own.dtype());
        processes.gather(own.data(), own.bytes(), all.data());
        whole.push_back(all);
    }
    return whole;
}

BatchStates own_states(Stream& stream, const CarriedArrays& whole, std::int64_t parts,
                       const Communicator& processes, std::size_t trains) {
    BatchStates states;
    if (whole.empty()) return states;
    const std::int64_t samples = whole.front().shape()[0] / (parts * processes.size());
    for (std::int64_t part = 0; part < parts; ++part) {
        const std::int64_t first = samples * (parts * processes.rank() + part);
        SequenceState state;
        for (const Tensor& array : whole) {
            state.tensors.push_back(array.rows(first, first + samples).to(stream));
        }
        SpikeTrain empty;
        empty.n_samples = samples;
        state.spikes.assign(trains, empty);
        states.push_back(std::move(state));
    }
    return states;
}

std::map<std::string, Tensor> checkpoint_arrays(const CarriedArrays& arrays) {
    std::map<std::string, Tensor> tensors;
    for (std::size_t k = 0; k < arrays.size(); ++k) tensors[name_of_part(0, k)] = arrays[k];
    return tensors;
}

CarriedArrays carried_arrays(const std::map<std::string, Tensor>& named, std::int64_t batch) {
    CarriedArrays whole;
    for (std::size_t k = 0; named.contains(name_of_part(0, k)); ++k) {
        std::vector<Tensor> parts;
        while (named.contains(name_of_part(parts.size(), k))) {
            parts.push_back(named.at(name_of_part(parts.size(), k)));
        }
        whole.push_back(concatenated(parts));
        const Shape& shape = whole.back().shape();
        if (shape[0] != batch) {
            throw Error(ErrorKind::data, fmt::format("carried array {} has shape {}, expected {} "
                                                     "samples.",
                                                     k, to_string(shape), batch));
        }
    }
    return whole;
}

}  // namespace elm
