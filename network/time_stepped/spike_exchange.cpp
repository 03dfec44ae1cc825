#include "network/time_stepped/spike_exchange.h"

#include <algorithm>

#include "kernels/core/tensor.h"

namespace elm::network {

SpikeExchange::SpikeExchange(Communicator* processes, int own, std::int64_t ends)
    : processes_(processes), n_slices_(own), n_own_(own), ends_(ends) {
    if (is_alone()) return;
    const std::vector<std::int64_t> slices_of = processes->gather(own);
    n_slices_ = 0;
    for (int rank = 0; rank < processes->size(); ++rank) {
        if (rank == processes->rank()) first_own_ = n_slices_;
        n_slices_ += static_cast<int>(slices_of[static_cast<std::size_t>(rank)]);
    }
    windows_.resize(slices_of.size());
    for (WindowSpikes& window : windows_) window.ends.resize(static_cast<std::size_t>(ends));
    room_ = static_cast<std::size_t>(1 + ends + 1024);
}

void SpikeExchange::exchange(std::span<const WindowSpikes* const> own) {
    if (is_alone()) return;
    pack(own);
    const auto n_ranks = static_cast<std::size_t>(processes_->size());
    for (;;) {
        message_.resize(std::max(message_.size(), room_));
        received_.resize(n_ranks * room_);
        processes_->gather(message_.data(), room_ * sizeof(std::uint32_t), received_.data());
        received_bytes_ += static_cast<std::int64_t>((n_ranks - 1) * room_ * sizeof(std::uint32_t));
        ++n_exchanges_;
        std::size_t most = 0;
        for (std::size_t rank = 0; rank < n_ranks; ++rank) {
            most = std::max<std::size_t>(most, received_[rank * room_]);
        }
        if (most <= room_) break;
        room_ = most + most / 4;
    }
    for (std::size_t rank = 0; rank < n_ranks; ++rank) {
        unpack(static_cast<int>(rank), received_.data() + rank * room_);
    }
}

void SpikeExchange::pack(std::span<const WindowSpikes* const> own) {
    const auto n_ends = static_cast<std::size_t>(ends_);
    message_.assign(1 + n_ends, 0);
    for (std::size_t at = 0; at < n_ends; ++at) {
        for (const WindowSpikes* const window : own) {
            const std::int64_t begin = at == 0 ? 0 : window->ends[at - 1];
            message_.insert(message_.end(), window->ids.begin() + begin,
                            window->ids.begin() + window->ends[at]);
        }
        message_[1 + at] = static_cast<std::uint32_t>(message_.size() - 1 - n_ends);
    }
    message_[0] = static_cast<std::uint32_t>(message_.size());
}

void SpikeExchange::unpack(int rank, const std::uint32_t* message) {
    if (rank == processes_->rank()) return;
    const std::uint32_t *ends = message + 1, *ids = ends + ends_;
    WindowSpikes& window = windows_[static_cast<std::size_t>(rank)];
    std::copy_n(ends, ends_, window.ends.begin());
    window.ids.assign(ids, ids + window.ends.back());
}

std::int64_t SpikeExchange::sum(std::int64_t value) const {
    if (is_alone()) return value;
    std::int64_t total = 0;
    for (const std::int64_t one : processes_->gather(value)) total += one;
    return total;
}

void SpikeExchange::sum(std::span<double> values) const {
    if (is_alone() || values.empty()) return;
    Stream stream{Device{}};
    const Tensor tensor = Tensor::from<double>(stream, {std::ssize(values)}, values);
    processes_->sum(stream, tensor);
    const auto sums = tensor.host<double>();
    std::copy(sums.begin(), sums.end(), values.begin());
}

}  // namespace elm::network
