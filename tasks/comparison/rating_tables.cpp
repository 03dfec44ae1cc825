#include "tasks/comparison/rating_tables.h"

#include <cmath>

#include <fmt/format.h>

#include "tasks/comparison/statistics/student_t.h"

namespace elm {
namespace {

std::string number(double value, int digits) {
    return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, digits);
}
std::string interval_text(const Interval& interval) {
    return std::isnan(interval.low) ? "-"
                                    : fmt::format("{:.0f} to {:.0f}", interval.low, interval.high);
}

}  // namespace

Table rating_table(const std::vector<JudgedRatings>& judged) {
    Table table({"judge", "model", "Elo", "95 % of these runs", "95 % of the model", "rank",
                 "wins %", "online Elo", "skill"});
    for (const JudgedRatings& one : judged) {
        for (const Rating& row : one.ratings.rows) {
            table.add({std::string(name_of(one.ratings.judge)), row.name, number(row.elo, 0),
                       interval_text(row.of_runs), interval_text(row.of_model),
                       fmt::format("{}", row.rank), number(100 * row.win_share, 1),
                       number(row.online_elo, 0),
                       fmt::format("{:.1f} ({:.1f})", row.skill, row.skill_deviation)});
        }
    }
    return table;
}

Table agreement_table(const std::vector<JudgedRatings>& judged) {
    Table table({"judge", "ties %", "fit chi2", "degrees", "p of fit", "Spearman", "Kendall",
                 "agreement", "separated pairs", "opposed", "differentiation", "of the metric",
                 "same best", "prior"});
    constexpr std::int64_t fewest_models = 10;  // for figures of rank
    for (const auto& [ratings, agreement] : judged) {
        const bool ranks = agreement.models >= fewest_models;
        table.add({std::string(name_of(ratings.judge)), number(100 * ratings.tie_share, 1),
                   number(ratings.fit.chi_squared, 2), fmt::format("{}", ratings.fit.degrees),
                   ratings.fit.degrees > 0
                       ? number(chi_squared_tail(ratings.fit.chi_squared,
                                                 static_cast<double>(ratings.fit.degrees)),
                                3)
                       : "-",
                   ranks ? number(agreement.spearman, 3) : "-",
                   ranks ? number(agreement.kendall, 3) : "-", number(agreement.agreement, 3),
                   fmt::format("{}", agreement.separated_pairs),
                   fmt::format("{}", agreement.opposed_pairs),
                   number(agreement.ratings_differentiation, 3),
                   number(agreement.reference_differentiation, 3),
                   agreement.same_best ? "yes" : "no", ratings.with_prior ? "yes" : "no"});
    }
    return table;
}

Table win_table(const Ratings& ratings) {
    std::vector<std::string> header{"wins % against"};
    for (const Rating& row : ratings.rows) header.push_back(row.name);
    Table table(header);
    for (std::int64_t a = 0; a < ratings.tally.size(); ++a) {
        std::vector<std::string> cells{ratings.rows[static_cast<std::size_t>(a)].name};
        for (std::int64_t b = 0; b < ratings.tally.size(); ++b) {
            cells.push_back(
                a == b ? "-"
                       : number(100 * ratings.tally.won(a, b) / ratings.tally.games(a, b), 1));
        }
        table.add(cells);
    }
    return table;
}

std::vector<Record> rating_records(const std::vector<JudgedRatings>& judged) {
    std::vector<Record> records;
    for (const auto& [ratings, agreement] : judged) {
        std::vector<Record> models;
        for (const Rating& row : ratings.rows) {
            models.push_back(Record()
                                 .set("model", row.name)
                                 .set("elo", row.elo)
                                 .set("95_low", row.of_runs.low)
                                 .set("95_high", row.of_runs.high)
                                 .set("model_95_low", row.of_model.low)
                                 .set("model_95_high", row.of_model.high)
                                 .set("rank", row.rank)
                                 .set("win_share", row.win_share)
                                 .set("online_elo", row.online_elo)
                                 .set("skill", row.skill)
                                 .set("skill_sd", row.skill_deviation));
        }
        records.push_back(Record()
                              .set("judge", std::string(name_of(ratings.judge)))
                              .set("models", models)
                              .set("tie_share", ratings.tie_share)
                              .set("with_prior", ratings.with_prior)
                              .set("fit_chi_squared", ratings.fit.chi_squared)
                              .set("fit_degrees", ratings.fit.degrees)
                              .set("spearman", agreement.spearman)
                              .set("kendall", agreement.kendall)
                              .set("agreement", agreement.agreement)
                              .set("separated_pairs", agreement.separated_pairs)
                              .set("opposed_pairs", agreement.opposed_pairs)
                              .set("differentiation", agreement.ratings_differentiation)
                              .set("metric_differentiation", agreement.reference_differentiation)
                              .set("same_best", agreement.same_best));
    }
    return records;
}

}  // namespace elm
