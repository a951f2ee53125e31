"""Every reference by the name of its primitive; parameters in the order of the language's signature."""

from . import (
    across,
    adaptive,
    angles,
    calendar,
    cycles,
    distributions,
    elementwise,
    events,
    following,
    partial,
    recursions,
    swings,
    windows,
)

REFERENCES = {
    name.rstrip("_"): function
    for module, names in {
        windows: "ago_bars sum_ sma variance covariance correlation slope mean_deviation highest lowest highest_bar "
        "lowest_bar oldest_highest_bar oldest_lowest_bar median rank_over percent_rank count exist every",
        distributions: "quantile nth_highest nth_lowest nth_highest_bar nth_lowest_bar mode median_deviation skew "
        "kurtosis residual_stdev entropy product alma sine_wma pascal_wma decay_exp shift_by sum_bars",
        partial: "partial_sum partial_mean partial_variance partial_covariance partial_correlation partial_slope "
        "partial_linreg partial_rsquare partial_skewness partial_kurtosis partial_deviation partial_highest "
        "partial_lowest partial_highest_bar partial_lowest_bar partial_rank partial_quantile",
        recursions: "ema rma cumulative standing parabolic parabolic_extended trailing_band trailing_stop",
        swings: "swings",
        following: "hump leaky_sum mcginley_from reversing_stop",
        events: "bars_since value_when highest_since lowest_since sum_since count_since exrem flip cooldown",
        cycles: "ht_dcperiod ht_dcphase ht_phasor ht_trendline ht_trendmode mama",
        adaptive: "adaptive ewm_mean ewm_variance cumulative_product",
        angles: "sin cos tan asin acos atan atan2 sinh cosh tanh log10",
        elementwise: "add subtract multiply divide power negate mod abs_ sign sqrt log exp floor ceil round_ max_ min_ "
        "less at_most greater no_less equal differs both either not_ if_ defined nz at_least",
        across: "rank rank_share quantile_bucket top bottom demean zscore scale winsorize clip_quantiles neutralize "
        "across_slope across_correlation across_mean across_sum across_count across_min across_max across_median "
        "across_quantile across_stdev",
        calendar: "bar_index session_bar ago new_period",
    }.items()
    for name, function in vars(module).items()
    if name in names.split()
}
"""sma(x, n), correlation(x, y, n), parabolic(high, low, start, step, max) ...: lists in, a list out or several."""

REFERENCES |= {
    f"{name}_varying": distributions.of_varying_length(REFERENCES[name])
    for name in ("sum", "sma", "highest", "lowest", "highest_bar", "lowest_bar", "count")
}
