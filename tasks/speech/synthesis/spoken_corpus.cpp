#include "tasks/speech/synthesis/spoken_corpus.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/output_file.h"
#include "tasks/speech/shd_file.h"
#include "tasks/speech/synthesis/spoken_journal.h"
#include "tasks/speech/synthesis/wave_file.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t clips_of_block = 32;

Values facts_of(const SpokenRecipe& recipe) {
    return {{"task", std::string("spoken-digits")},
            {"seed", static_cast<std::int64_t>(recipe.seed)},
            {"count", recipe.count},
            {"speakers", recipe.speakers},
            {"held_out_speakers", recipe.held_out},
            {"test_percent", recipe.test_percent},
            {"version", std::string(build_info::version)}};
}

bool is_there(const std::string& path) {
    std::error_code status;
    return fs::exists(path, status);
}

void make_folder(const std::string& folder) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) {
        throw Error(ErrorKind::write, fmt::format("{}: {}.", folder, failure.message()));
    }
}

/// What a file says of its speakers.
void write_speakers(Hdf5File& file, const std::vector<Speaker>& speakers) {
    std::vector<std::string> genders, timbres, accents;
    for (const Speaker& speaker : speakers) {
        genders.emplace_back(speaker.is_female ? "female" : "male");
        timbres.push_back(speaker.timbre);
        accents.push_back(speaker.accent);
    }
    file.write_strings("extra/meta_info/gender", genders);
    file.write_strings("extra/meta_info/timbre", timbres);
    file.write_strings("extra/meta_info/accent", accents);
    file.write_strings("extra/keys", shd_words());
}

}  // namespace

SpokenCorpus::SpokenCorpus(SpokenPlan plan)
    : plan_(std::move(plan)), maker_(plan_.recipe, plan_.program) {
    missing_ = plan_.recipe.count;
    if (plan_.resume && take_up_files()) return;
    require_espeak(plan_.program);
    std::int64_t tests = 0;
    for (std::int64_t k = 0; k < plan_.recipe.count; ++k) tests += maker_.is_test(k) ? 1 : 0;
    ELM_CHECK(tests > 0 && tests < plan_.recipe.count, "{} clips leave none to {}: make more.",
              plan_.recipe.count, tests == 0 ? "test with" : "train on");
    make_folder(plan_.folder);
    // Tests the names before anything is spoken. One of the files may stand there of a run that
    // was killed between them.
    const bool force = plan_.force || (plan_.resume && is_there(file("part")));
    for (const char* const part : {"train.h5", "test.h5"}) {
        const OutputFile probe(file(part), force);
    }
    journal_ = std::make_unique<SetJournal>(file("part"), facts_of(plan_.recipe), plan_.resume,
                                            plan_.force);
    missing_ = std::max<std::int64_t>(0, plan_.recipe.count - journal_->blocks() * clips_of_block);
}

std::string SpokenCorpus::file(const char* part) const {
    const std::string name =
        part == std::string("part") ? "spoken.part" : fmt::format("spoken_{}", part);
    return (fs::path(plan_.folder) / name).string();
}

bool SpokenCorpus::take_up_files() {
    for (const char* const part : {"train.h5", "test.h5"}) {
        if (!is_there(file(part))) return false;
    }
    for (const char* const part : {"train.h5", "test.h5"}) {
        require_same_recipe(Hdf5File::open(file(part)).attributes("/"), facts_of(plan_.recipe),
                            file(part));
    }
    missing_ = 0;
    std::error_code ignored;
    fs::remove(file("part"), ignored);
    return true;
}

bool SpokenCorpus::make(const std::function<bool(std::int64_t)>& progress) {
    if (!journal_) return true;
    const std::int64_t count = plan_.recipe.count;
    while (journal_->blocks() * clips_of_block < count) {
        const std::int64_t first = journal_->blocks() * clips_of_block;
        std::vector<SpokenClip> clips(
            static_cast<std::size_t>(std::min(clips_of_block, count - first)));
        Cpu::for_each_task(std::ssize(clips), [&](std::int64_t at) {
            clips[static_cast<std::size_t>(at)] = maker_.make(first + at);
        });
        journal_->append(pack_clips(clips));
        made_ += std::ssize(clips);
        if (!progress(made_)) return false;
    }
    finish();
    return true;
}

void SpokenCorpus::finish() {
    write_part(false);
    write_part(true);
    journal_->remove();
    journal_.reset();
}

void SpokenCorpus::write_part(bool is_test) {
    std::int64_t count = 0;
    const auto for_each_clip = [&](const auto& take) {
        journal_->for_each([&](std::int64_t, std::string_view block) {
            for (const SpokenClip& clip : unpack_clips(block)) {
                if (clip.is_test == is_test) take(clip);
            }
        });
    };
    for_each_clip([&](const SpokenClip& clip) {
        ++count;
        spikes_ += std::ssize(clip.units);
    });
    OutputFile output(file(is_test ? "test.h5" : "train.h5"), plan_.force || plan_.resume);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    file.set_attribute("/", "format", std::string("elmsim-spoken-digits"));
    for (const auto& [name, value] : facts_of(plan_.recipe)) file.set_attribute("/", name, value);
    file.make_ragged("spikes/times", count, FileType::f16);
    file.make_ragged("spikes/units", count, FileType::u16);
    std::vector<std::int32_t> labels, speakers;
    std::vector<std::string> texts;
    for_each_clip([&](const SpokenClip& clip) {
        const std::int64_t row = std::ssize(labels);
        RaggedRows<float> times;
        times.add(clip.times_s);
        RaggedRows<std::int32_t> units;
        units.add(clip.units);
        file.write_ragged("spikes/times", row, times);
        file.write_ragged("spikes/units", row, units);
        labels.push_back(clip.label);
        speakers.push_back(clip.speaker);
        texts.push_back(clip.text);
    });
    file.write<std::int32_t>("labels", {count}, labels, FileType::u16);
    file.write<std::int32_t>("extra/speaker", {count}, speakers, FileType::u16);
    file.write_strings("extra/text", texts);
    write_speakers(file, maker_.speakers());
    file.write_string("/config", plan_.config);
    file.close();
    output.commit();
}

void SpokenCorpus::write_sounds(const std::string& folder, std::int64_t most) const {
    make_folder(folder);
    for (std::int64_t k = 0; k < std::min(most, plan_.recipe.count); ++k) {
        const std::string path = (fs::path(folder) / (maker_.name(k) + ".wav")).string();
        write_wave(path, maker_.sound(k), plan_.force || plan_.resume);
    }
}

}  // namespace elm
