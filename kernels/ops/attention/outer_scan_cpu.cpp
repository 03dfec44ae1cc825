// Chunks of as many steps as there are lanes in a tile: within a chunk, output[i] takes the sum
// over s of (w[s] x[i]) u[s]; from the chunks before it takes M x[i].

#include "kernels/core/support/parallel.h"
#include "kernels/core/support/pool.h"
#include "kernels/ops/attention/attention_tile.h"
#include "kernels/ops/attention/outer_scan.h"

namespace elm {
namespace attention_tile {
namespace {

template <class Real>
struct ScanRoom {
    AlignedVector<Real> matrix, read_lanes, products, output, right_rows, ones;
    std::int64_t stride;  // of rows of the matrix and of right_rows: whole vectors

    ScanRoom(const OuterScanShape& shape, std::int64_t lane_count)
        : stride(lanes::padded<Real>(shape.columns)) {
        lanes::make_room(matrix, shape.rows * stride);
        lanes::make_room(read_lanes, shape.columns * lane_count);
        lanes::make_room(products, lane_count * lane_count);
        lanes::make_room(output, shape.rows * lane_count);
        lanes::make_room(right_rows, lane_count * stride);
        ones.assign(static_cast<std::size_t>(lane_count), Real(1));
    }
};

/// The rows of one sample and head.
template <class Real>
struct ScanRows {
    HeadRows<const Real> left, right, read;
    HeadRows<Real> output;
    std::int64_t sources, reads;
};

/// matrix += sum over steps first .. first + count of u wᵀ.
template <class Real>
void add_outer_products(const OuterScanShape& shape, const ScanRows<Real>& rows, std::int64_t first,
                        std::int64_t count, ScanRoom<Real>& room) {
    if (count <= 0) return;
    for (std::int64_t step = 0; step < count; ++step) {
        std::copy_n(rows.right.row(first + step), shape.columns,
                    room.right_rows.data() + step * room.stride);
    }
    constexpr std::int64_t wide = lanes::tile_columns<Real>;
    for (std::int64_t column = 0; column < room.stride; column += wide) {
        const std::int64_t width = std::min(wide, room.stride - column);
        lanes::add_rows_of_tiles<Real>({.left = rows.left.row(first),
                                        .left_row = 1,
                                        .left_inner = rows.left.stride,
                                        .left_segment = 0,
                                        .right = room.right_rows.data() + column,
                                        .right_inner = room.stride,
                                        .right_segment = 0,
                                        .result = room.matrix.data() + column,
                                        .result_row = room.stride,
                                        .segments = 1,
                                        .inner = count},
                                       shape.rows, static_cast<int>(width / lanes::native<Real>));
    }
}

/// What steps of the chunk itself, first .. first + count, give to its reads: products[s][i] where
/// step s counts for read i.
template <class Real>
void add_own_chunk(const OuterScanShape& shape, const ScanRows<Real>& rows, std::int64_t first,
                   std::int64_t count, const Lanes<Real>& lanes_of, ScanRoom<Real>& room) {
    if (count <= 0) return;
    const std::int64_t lane_count = lanes_of.count();
    key_products<Real>(rows.right, first, count, shape.columns, room.read_lanes.data(), lanes_of,
                       room.products.data());
    for (std::int64_t step = 0; step < count; ++step) {
        Real* const row = room.products.data() + step * lane_count;
        if (shape.order == ScanOrder::forwards) {
            std::fill_n(row, step, Real(0));
        } else {
            std::fill(row + step + 1, row + lane_count, Real(0));
        }
    }
    add_weighted_rows<Real>(rows.left, first, count, shape.rows, room.products.data(), lanes_of,
                            room.output.data());
}

/// Output of the reads of a block: from the matrix, and from its own steps unless all have gone
/// into the matrix.
template <class Real>
void read_block(const OuterScanShape& shape, const ScanRows<Real>& rows, const Block& block,
                const Lanes<Real>& lanes_of, ScanRoom<Real>& room) {
    const std::int64_t lane_count = lanes_of.count();
    const std::int64_t valid = std::clamp<std::int64_t>(rows.reads - block.first, 0, block.rows);
    Block read = block;
    read.rows = valid;
    pack_lanes<Real>(rows.read, read, shape.columns, Real(1), lane_count, room.read_lanes.data());
    std::fill(room.output.begin(), room.output.end(), Real(0));
    lanes::add_rows_of_tiles<Real>({.left = room.matrix.data(),
                                    .left_row = room.stride,
                                    .left_inner = 1,
                                    .left_segment = 0,
                                    .right = room.read_lanes.data(),
                                    .right_inner = lane_count,
                                    .right_segment = 0,
                                    .result = room.output.data(),
                                    .result_row = lane_count,
                                    .segments = 1,
                                    .inner = shape.columns},
                                   shape.rows, lanes_of.vectors);
    if (shape.order != ScanOrder::all) {
        add_own_chunk(shape, rows, block.first, std::min(block.rows, rows.sources - block.first),
                      lanes_of, room);
    }
    unpack_lanes<Real>(room.output.data(), block, shape.rows, room.ones.data(), lane_count,
                       rows.output);
}

template <class Real>
void scan_pair(const OuterScanArgs<Real>& args, std::int64_t pair, const Lanes<Real>& lanes_of,
               ScanRoom<Real>& room) {
    const OuterScanShape& shape = args.shape;
    const std::int64_t sample = pair / shape.heads, head = pair % shape.heads;
    const ScanRows<Real> rows{args.left.of(sample, head), args.right.of(sample, head),
                              args.read.of(sample, head), args.output.of(sample, head),
                              args.sources_of(sample),    args.reads_of(sample)};
    std::fill(room.matrix.begin(), room.matrix.end(), Real(0));
    for (std::int64_t r = 0; args.start.data != nullptr && r < shape.rows; ++r) {
        std::copy_n(&args.start(sample, head, r, 0), shape.columns,
                    room.matrix.data() + r * room.stride);
    }
    const std::int64_t step = lanes_of.count();
    const auto add = [&](std::int64_t first) {
        add_outer_products(shape, rows, first, std::min(step, rows.sources - first), room);
    };
    if (shape.order == ScanOrder::all) {
        for (std::int64_t first = 0; first < rows.sources; first += step) add(first);
    }
    const std::int64_t blocks = lanes_of.blocks(shape.read_steps);
    for (std::int64_t index = 0; index < blocks; ++index) {
        const bool back = shape.order == ScanOrder::backwards;
        const std::int64_t first = (back ? blocks - 1 - index : index) * step;
        read_block(shape, rows, {sample, head, first, std::min(step, shape.read_steps - first)},
                   lanes_of, room);
        if (shape.order != ScanOrder::all) add(first);
    }
    for (std::int64_t r = 0; args.end.data != nullptr && r < shape.rows; ++r) {
        std::copy_n(room.matrix.data() + r * room.stride, shape.columns,
                    &args.end(sample, head, r, 0));
    }
}

template <class Real>
void scan_all(const OuterScanArgs<Real>& args) {
    const Lanes<Real> lanes_of(std::max(args.shape.read_steps, args.shape.source_steps));
    Pool<ScanRoom<Real>> rooms;
    Cpu::for_each_task(args.shape.batch * args.shape.heads, [&](std::int64_t pair) {
        const auto room = rooms.take([&] { return ScanRoom<Real>(args.shape, lanes_of.count()); });
        scan_pair(args, pair, lanes_of, *room);
    });
}

}  // namespace
}  // namespace attention_tile

template <>
void run_outer_scan<Cpu, float>(Stream&, const OuterScanArgs<float>& args) {
    attention_tile::scan_all(args);
}
template <>
void run_outer_scan<Cpu, double>(Stream&, const OuterScanArgs<double>& args) {
    attention_tile::scan_all(args);
}

}  // namespace elm
