// Matrix products and long convolutions of this program beside libraries that are there when the
// bench is configured: OpenBLAS and oneDNN (products), FFTW (convolutions). One thread, processor
// time, float32; in each round all take turns, so that other work on the machine touches all alike,
// and a figure is the median over rounds. Ratios are theirs over ours: above 1 ours is faster.
//
//     products_bench [ROUNDS]
//
// Products: those of a layer of d features to d features on 8 samples of T steps; forward x Wᵀ, its
// gradient of the input g W, and of the weights gᵀ x. Convolutions: 8 samples of T steps of 64
// features, a filter for each, forward, in the layout of a model (features next to each other).
// The peer transforms sequences of 2 T real numbers, plans measured beforehand: in that layout, and
// turned, so that the steps of a feature are next to each other.

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#ifdef ELM_OPENBLAS
#    include <cblas.h>
extern "C" void openblas_set_num_threads(int);
#endif
#ifdef ELM_ONEDNN
#    include <dnnl.h>
#endif
#ifdef ELM_FFTW
#    include <fftw3.h>
#endif

#include "bench/fma_peak.h"
#include "kernels/autograd/context.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;

constexpr std::int64_t batch = 8;

/// One way to compute the same.
struct Way {
    std::string name;
    std::function<void()> run;
    std::vector<double> seconds = {};

    double median() {
        std::sort(seconds.begin(), seconds.end());
        return seconds[seconds.size() / 2];
    }
};

/// Processor time of each way, in turn; short ones are repeated.
void measure(std::vector<Way>& ways, int rounds) {
    constexpr double at_least = 5e-3;
    for (Way& way : ways) way.run();
    for (int round = 0; round < rounds; ++round) {
        for (Way& way : ways) {
            const double start = bench::thread_seconds();
            int count = 0;
            double passed = 0;
            for (; passed < at_least; passed = bench::thread_seconds() - start) {
                way.run();
                ++count;
            }
            way.seconds.push_back(passed / count);
        }
    }
}

Tensor random(Stream& stream, const Shape& shape, std::uint32_t purpose) {
    return test::tensor_of(stream, shape, DType::f32,
                           test::random_values(shape.size(), -1, 1, {1, 0, purpose}));
}

double largest_difference(const Tensor& a, const Tensor& b) {
    double largest = 0;
    for (std::int64_t i = 0; i < a.shape().size(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        largest = std::max(largest, std::abs(static_cast<double>(a.host<float>()[at]) -
                                             static_cast<double>(b.host<float>()[at])));
    }
    return largest;
}

/// rows x inner times inner x columns; factors may be stored as their transposes.
struct Product {
    std::string name;
    std::int64_t rows, columns, inner;
    bool left_transposed, right_transposed;
};

std::vector<Way> ways_of(Stream& stream, const Product& of, const Tensor& left, const Tensor& right,
                         [[maybe_unused]] const Tensor& result) {
    std::vector<Way> ways;
    ways.push_back({"ours", [&stream, of, left, right] {
                        product(stream, {left, of.left_transposed}, {right, of.right_transposed});
                    }});
    [[maybe_unused]] const auto left_stride = of.left_transposed ? of.rows : of.inner;
    [[maybe_unused]] const auto right_stride = of.right_transposed ? of.inner : of.columns;
    [[maybe_unused]] const auto* const a = left.host<float>().data();
    [[maybe_unused]] const auto* const b = right.host<float>().data();
    [[maybe_unused]] auto* const c = result.host<float>().data();
#ifdef ELM_OPENBLAS
    ways.push_back(
        {"OpenBLAS", [=] {
             const auto way = [](bool turned) { return turned ? CblasTrans : CblasNoTrans; };
             const auto whole = [](std::int64_t n) { return static_cast<int>(n); };
             cblas_sgemm(CblasRowMajor, way(of.left_transposed), way(of.right_transposed),
                         whole(of.rows), whole(of.columns), whole(of.inner), 1, a,
                         whole(left_stride), b, whole(right_stride), 0, c, whole(of.columns));
         }});
#endif
#ifdef ELM_ONEDNN
    ways.push_back({"oneDNN", [=] {
                        dnnl_sgemm(of.left_transposed ? 'T' : 'N', of.right_transposed ? 'T' : 'N',
                                   of.rows, of.columns, of.inner, 1, a, left_stride, b,
                                   right_stride, 0, c, of.columns);
                    }});
#endif
    return ways;
}

void print_row(const std::string& name, std::vector<Way>& ways, double flop, double peak) {
    const double ours = ways.front().median();
    fmt::print("| {} | {:.3g} | {:.0f} % |", name, 1e3 * ours, 100 * flop / ours / peak);
    for (std::size_t k = 1; k < ways.size(); ++k) {
        fmt::print(" {}: {:.2f} |", ways[k].name, ways[k].median() / ours);
    }
    fmt::print("\n");
    std::fflush(stdout);
}

void compare_products(std::int64_t width, std::int64_t steps, int rounds, double peak) {
    Stream stream{Device{}};
    const std::int64_t rows = batch * steps;
    const Product all[] = {{"forward", rows, width, width, false, true},
                           {"input gradient", rows, width, width, false, false},
                           {"weight gradient", width, width, rows, true, false}};
    for (const Product& of : all) {
        const auto shape = [](std::int64_t m, std::int64_t n, bool turned) {
            return turned ? Shape{n, m} : Shape{m, n};
        };
        const Tensor left = random(stream, shape(of.rows, of.inner, of.left_transposed), 1);
        const Tensor right = random(stream, shape(of.inner, of.columns, of.right_transposed), 2);
        const Tensor result = Tensor::zeros(stream, {of.rows, of.columns}, DType::f32);
        std::vector<Way> ways = ways_of(stream, of, left, right, result);
        const Tensor expected =
            product(stream, {left, of.left_transposed}, {right, of.right_transposed});
        for (std::size_t k = 1; k < ways.size(); ++k) {
            ways[k].run();
            if (largest_difference(result, expected) > 1e-4 * static_cast<double>(of.inner)) {
                fmt::print(stderr, "{} computes something else\n", ways[k].name);
                std::exit(1);
            }
        }
        measure(ways, rounds);
        print_row(fmt::format("{}, {} features, {} steps", of.name, width, steps), ways,
                  2.0 * static_cast<double>(of.rows * of.columns * of.inner), peak);
    }
}

#ifdef ELM_FFTW
/// The convolution by transforms of 2 T real numbers of all features at once. Steps of a feature
/// are as far apart as there are features, or next to each other (`turned`).
class FftwConvolution {
public:
    FftwConvolution(std::int64_t steps, std::int64_t features, bool turned)
        : steps_(steps),
          features_(features),
          turned_(turned),
          input_(fftwf_alloc_real(size(2 * steps))),
          spectrum_(fftwf_alloc_complex(size(steps + 1))),
          filter_(fftwf_alloc_complex(size(steps + 1))) {
        const int points[] = {static_cast<int>(2 * steps)};
        const int together = static_cast<int>(features), bins = static_cast<int>(steps + 1);
        const int stride = turned ? 1 : together;
        const int real = turned ? points[0] : 1, complex = turned ? bins : 1;
        forward_ = fftwf_plan_many_dft_r2c(1, points, together, input_, nullptr, stride, real,
                                           spectrum_, nullptr, stride, complex, FFTW_MEASURE);
        back_ = fftwf_plan_many_dft_c2r(1, points, together, spectrum_, nullptr, stride, complex,
                                        input_, nullptr, stride, real, FFTW_MEASURE);
    }
    FftwConvolution(const FftwConvolution&) = delete;
    FftwConvolution& operator=(const FftwConvolution&) = delete;
    ~FftwConvolution() {
        fftwf_destroy_plan(forward_);
        fftwf_destroy_plan(back_);
        fftwf_free(input_);
        fftwf_free(spectrum_);
        fftwf_free(filter_);
    }

    void run(const float* input, const float* filter, float* output) {
        transform(filter);
        std::copy_n(&spectrum_[0][0], 2 * size(steps_ + 1), &filter_[0][0]);
        const float scale = 1.0F / static_cast<float>(2 * steps_);
        for (std::int64_t sample = 0; sample < batch; ++sample) {
            transform(input + size(sample * steps_));
            for (std::size_t k = 0; k < size(steps_ + 1); ++k) {
                const float real = spectrum_[k][0], imag = spectrum_[k][1];
                spectrum_[k][0] = (real * filter_[k][0] - imag * filter_[k][1]) * scale;
                spectrum_[k][1] = (real * filter_[k][1] + imag * filter_[k][0]) * scale;
            }
            fftwf_execute(back_);
            each_block([&](std::int64_t step, std::int64_t feature) {
                output[size(sample * steps_ + step) + static_cast<std::size_t>(feature)] =
                    input_[at(step, feature)];
            });
        }
    }

private:
    std::size_t size(std::int64_t rows) const { return static_cast<std::size_t>(rows * features_); }
    std::size_t at(std::int64_t step, std::int64_t feature) const {
        return static_cast<std::size_t>(turned_ ? feature * 2 * steps_ + step
                                                : step * features_ + feature);
    }
    /// Blocks of 16 steps, so that lines of either layout are used whole.
    template <class Body>
    void each_block(const Body& body) const {
        constexpr std::int64_t block = 16;
        for (std::int64_t first = 0; first < steps_; first += block) {
            for (std::int64_t feature = 0; feature < features_; ++feature) {
                const std::int64_t end = std::min(steps_, first + block);
                for (std::int64_t step = first; step < end; ++step) body(step, feature);
            }
        }
    }
    void transform(const float* rows) {
        std::fill_n(input_, size(2 * steps_), 0.0F);
        each_block([&](std::int64_t step, std::int64_t feature) {
            input_[at(step, feature)] = rows[step * features_ + feature];
        });
        fftwf_execute(forward_);
    }

    std::int64_t steps_, features_;
    bool turned_;
    float* input_;
    fftwf_complex* spectrum_;
    fftwf_complex* filter_;
    fftwf_plan forward_, back_;
};
#endif

void compare_convolutions(std::int64_t steps, int rounds, double peak) {
    constexpr std::int64_t features = 64;
    Stream stream{Device{}};
    const Var input{random(stream, {batch, steps, features}, 3)};
    const Var filter{random(stream, {steps, features}, 4)};
    Context context{stream};
    std::vector<Way> ways;
    ways.push_back({"ours", [&] { long_convolution(context, input, filter); }});
#ifdef ELM_FFTW
    FftwConvolution as_it_is(steps, features, false), turned(steps, features, true);
    const Tensor result = Tensor::zeros(stream, input.value.shape(), DType::f32);
    const Tensor expected = long_convolution(context, input, filter).value;
    for (auto& [name, peer] :
         {std::pair<const char*, FftwConvolution&>{"FFTW", as_it_is}, {"FFTW turned", turned}}) {
        ways.push_back({name, [&, &peer = peer] {
                            peer.run(input.value.host<float>().data(),
                                     filter.value.host<float>().data(),
                                     result.host<float>().data());
                        }});
        ways.back().run();
        if (largest_difference(result, expected) > 1e-3 * static_cast<double>(steps)) {
            fmt::print(stderr, "{} computes something else\n", name);
            std::exit(1);
        }
    }
#endif
    measure(ways, rounds);
    const double points = static_cast<double>(steps);
    const double flop = (2.0 * batch + 1) * features * 5 * points * std::log2(points);
    print_row(fmt::format("convolution, {} features, {} steps", features, steps), ways, flop, peak);
}

}  // namespace

int main(int argc, char** argv) {
    if (std::getenv("OMP_NUM_THREADS") == nullptr) {  // which libraries read when they are loaded
        setenv("OMP_NUM_THREADS", "1", 1);
        execv("/proc/self/exe", argv);
    }
    elm::keep_freed_memory();
    elm::set_thread_count(1);
#ifdef ELM_OPENBLAS
    openblas_set_num_threads(1);
#endif
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
    const double peak = elm::bench::measure_fma_peak();
    fmt::print("multiply-add peak of a core: {:.1f} GFLOP/s\n\n", peak * 1e-9);
    fmt::print(
        "| work | ours, ms | of the peak | time of others over ours |\n| --- | --- | --- | "
        "--- |\n");
    for (const std::int64_t width : {64, 128, 256, 512}) {
        for (const std::int64_t steps : {256, 1024, 4096}) {
            compare_products(width, steps, rounds, peak);
        }
    }
    for (const std::int64_t steps : {256, 1000, 1024, 4096, 16384}) {
        compare_convolutions(steps, rounds, peak);
    }
    return 0;
}
