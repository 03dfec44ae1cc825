#include "network/time_stepped/spike_exchange.h"

#include <algorithm>

#include "kernels/core/tensor.h"

namespace elm::network {

SpikeExchange::SpikeExchange(Communicator* processes, int own, std::int64_t ends)
    : processes_(processes), n_slices_(own), n_own_(own), ends_(ends) {
    if (is_alone()) return;
    slices_of_ = processes->gather(own);
    n_slices_ = 0;
    for (int rank = 0; rank < processes->size(); ++rank) {
        if (rank == processes->rank()) first_own_ = n_slices_;
        n_slices_ += static_cast<int>(slices_of_[static_cast<std::size_t>(rank)]);
    }
    windows_.resize(static_cast<std::size_t>(n_slices_));
    for (WindowSpikes& window : windows_) window.ends.resize(static_cast<std::size_t>(ends));
    const std::int64_t most = *std::max_element(slices_of_.begin(), slices_of_.end());
    room_ = static_cast<std::size_t>(1 + most * ends + 1024);
}

void SpikeExchange::exchange(std::span<const WindowSpikes* const> own) {
    if (is_alone()) return;
    pack(own);
    const auto n_ranks = static_cast<std::size_t>(processes_->size());
    for (;;) {
        message_.resize(std::max(message_.size(), room_));
        received_.resize(n_ranks * room_);
        processes_->gather(message_.data(), room_ * sizeof(std::uint32_t), received_.data());
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
    message_.assign(1, 0);
    for (const WindowSpikes* const window : own) {
        for (const std::int64_t end : window->ends) {
            message_.push_back(static_cast<std::uint32_t>(end));
        }
    }
    for (const WindowSpikes* const window : own) {
        message_.insert(message_.end(), window->ids.begin(),
                        window->ids.begin() + window->ends.back());
    }
    message_[0] = static_cast<std::uint32_t>(message_.size());
}

void SpikeExchange::unpack(int rank, const std::uint32_t* message) {
    if (rank == processes_->rank()) return;
    int first = 0;
    for (int r = 0; r < rank; ++r) {
        first += static_cast<int>(slices_of_[static_cast<std::size_t>(r)]);
    }
    const std::int64_t count = slices_of_[static_cast<std::size_t>(rank)];
    const std::uint32_t *ends = message + 1, *ids = ends + count * ends_;
    for (std::int64_t slice = first; slice < first + count; ++slice) {
        WindowSpikes& window = windows_[static_cast<std::size_t>(slice)];
        std::copy_n(ends, ends_, window.ends.begin());
        window.ids.assign(ids, ids + window.ends.back());
        ends += ends_;
        ids += window.ends.back();
    }
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
