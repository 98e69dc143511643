//! Exact rounding, and splitting of a total into shares.

use std::cmp::Reverse;

use crate::money::Minor;

/// Returns quotient and remainder of `a * b / c`. Needs `a, b >= 0`, `c > 0` and a product that fits into an `i128`.
/// Most products fit into 64 bits, where the division takes a fraction of the time.
fn multiply_divide(a: Minor, b: Minor, c: Minor) -> (Minor, Minor) {
    let product = a * b;
    match (u64::try_from(product), u64::try_from(c)) {
        (Ok(product), Ok(c)) => ((product / c).into(), (product % c).into()),
        _ => (product / c, product % c),
    }
}

/// Returns `a * b / c`, rounded to the nearest integer; halves are rounded up.
///
/// ```
/// use domain::evaluation::allocation::round_half_up;
/// // 25 % of 19.99 is 4.9975.
/// assert_eq!(round_half_up(1999, 2_500, 10_000), 500);
/// assert_eq!([round_half_up(1, 1, 2), round_half_up(3, 1, 2), round_half_up(1, 1, 3)], [1, 2, 0]);
/// ```
pub fn round_half_up(a: Minor, b: Minor, c: Minor) -> Minor {
    let (quotient, rest) = multiply_divide(a, b, c);
    quotient + Minor::from(2 * rest >= c)
}

/// Splits a total in proportion to weights, by the largest-remainder method: each share is rounded down, and the
/// missing units go, one each, to the largest remainders; ties go to the earlier share. So the shares sum to the total.
/// If the total is not above the sum of the weights, no share is above its weight. A weight of 0 gets 0.
///
/// ```
/// use domain::evaluation::allocation::split;
/// // 161.25, 52.5 and 86.25: one is missing, and 52.5 lost the most.
/// assert_eq!(split(300, &[4300, 1400, 2300]), [161, 53, 86]);
/// assert_eq!(split(299, &[4300, 1400, 2300]), [161, 52, 86]);
/// assert_eq!(split(1, &[100, 100, 100]), [1, 0, 0]);
/// assert_eq!(split(100, &[0, 100, 100, 100]), [0, 34, 33, 33]);
/// ```
pub fn split(total: Minor, weights: &[Minor]) -> Vec<Minor> {
    let sum: Minor = weights.iter().sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut missing = total;
    for (index, weight) in weights.iter().enumerate() {
        let (share, rest) = multiply_divide(total, *weight, sum);
        missing -= share;
        shares.push(share);
        remainders.push((Reverse(rest), index));
    }
    // The remainders sum to `missing` times the sum of the weights, and each is below the sum of the weights. So fewer
    // units are missing than there are weights with a remainder.
    let missing = usize::try_from(missing).unwrap_or(0);
    if missing > 0 {
        remainders.select_nth_unstable(missing - 1);
        for (_, index) in &remainders[..missing] {
            shares[*index] += 1;
        }
    }
    shares
}
