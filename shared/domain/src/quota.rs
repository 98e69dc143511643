//! A counter with an optional limit. It is spread over shards, so that no single item receives every write.
//!
//! Each shard holds a count. Under a limit each shard also holds a part of the remaining quota (`room`). The parts
//! always sum to the limit less all counts. So a shard that has quota left can be counted on without exceeding the
//! limit, and the limit is reached only when all shards are empty. If a limit is set below the present count, the first
//! shard holds the excess as a negative part and the others hold 0, until enough has been given back.

/// Number of shards of a counter, and the largest number of shards of a tally. The number is part of the stored data:
/// it is 16. Only a build with `YOUHUI_SHARDS` has another, for `measure contention` over a store of its own.
pub const SHARDS: usize = match option_env!("YOUHUI_SHARDS") {
    None => 16,
    Some(digits) => match usize::from_str_radix(digits, 10) {
        Ok(shards @ 1..=64) => shards,
        _ => panic!("YOUHUI_SHARDS is no number from 1 to 64"),
    },
};

/// One shard. Its count may be negative, because a count made on another shard may be given back here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shard {
    /// Count on this shard.
    pub count: i64,
    /// Part of the remaining quota that this shard holds, under a limit.
    pub room: i64,
}

/// A counter with all its shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Largest total count; `None` means no limit.
    pub limit: Option<u64>,
    /// All shards, by number.
    pub shards: [Shard; SHARDS],
}

impl Default for Quota {
    fn default() -> Self {
        Self { limit: None, shards: [Shard::default(); SHARDS] }
    }
}

/// A change of one shard: its number, and the amount.
pub type Part = (usize, i64);

impl Quota {
    /// Returns the total count.
    pub fn count(&self) -> i64 {
        self.shards.iter().map(|shard| shard.count).sum()
    }

    /// Returns the remaining quota: `None` without a limit, 0 if more is counted than the limit allows.
    pub fn left(&self) -> Option<u64> {
        self.limit.map(|_| u64::try_from(self.room()).unwrap_or(0))
    }

    /// Returns true if the parts of the quota sum to the limit less the counts, as they always should. Each write keeps
    /// the balance of its own shard, so the check also holds for shards that were not read at the same moment.
    pub fn is_balanced(&self) -> bool {
        self.limit.is_none_or(|limit| self.room() == self.left_under(limit))
    }

    /// Returns the sum of all parts of the quota; negative if more is counted than the limit allows. Meaningless
    /// without a limit.
    pub fn room(&self) -> i64 {
        self.shards.iter().map(|shard| shard.room).sum()
    }

    /// Returns the quota that a limit would leave; negative if more is counted already.
    pub fn left_under(&self, limit: u64) -> i64 {
        i64::try_from(limit).unwrap_or(i64::MAX).saturating_sub(self.count())
    }

    /// Returns the shards from which to take `n`; `None` if less than `n` is left. If several shards have enough,
    /// `draw` picks one, so that concurrent takers of the last places spread over all shards that have quota.
    ///
    /// ```
    /// # use domain::quota::{Quota, Shard};
    /// let mut quota = Quota { limit: Some(5), ..Quota::default() };
    /// quota.shards[2].room = 2;
    /// quota.shards[9].room = 3;
    /// assert_eq!(quota.take(1, 0), Some(vec![(2, 1)]));
    /// assert_eq!(quota.take(1, 1), Some(vec![(9, 1)]));
    /// assert_eq!(quota.take(5, 0), Some(vec![(9, 3), (2, 2)]));
    /// assert_eq!(quota.take(6, 0), None);
    /// ```
    pub fn take(&self, n: i64, draw: usize) -> Option<Vec<Part>> {
        if self.limit.is_some() && self.room() < n {
            return None;
        }
        let enough = self.that_take(n);
        if !enough.is_empty() {
            return Some(vec![(enough[draw % enough.len()], n)]);
        }
        let mut shards: Vec<_> =
            self.shards.iter().map(|shard| shard.room).enumerate().filter(|(_, r)| *r > 0).collect();
        // Use as few shards as possible, so that the transaction stays small.
        shards.sort_by_key(|(_, room)| std::cmp::Reverse(*room));
        let mut missing = n;
        let mut parts = Vec::new();
        for (shard, room) in shards {
            let part = room.min(missing);
            parts.push((shard, part));
            missing -= part;
            if missing == 0 {
                return Some(parts);
            }
        }
        None
    }

    /// Returns the shards with at least `n` of quota left; all shards without a limit.
    fn that_take(&self, n: i64) -> Vec<usize> {
        (0..SHARDS).filter(|shard| self.limit.is_none() || self.shards[*shard].room >= n).collect()
    }

    /// Returns the other shards on which `part` could be counted instead. The part must be the only one of its change;
    /// a negative amount is given back. Empty if the part pays off an excess.
    ///
    /// ```
    /// # use domain::quota::Quota;
    /// let mut quota = Quota { limit: Some(5), ..Quota::default() };
    /// (quota.shards[2].room, quota.shards[9].room) = (2, 3);
    /// assert_eq!(quota.elsewhere((2, 1)), [9]);
    /// assert!(quota.elsewhere((9, 3)).is_empty());
    /// assert_eq!(quota.elsewhere((9, -1)).len(), 15);
    /// ```
    pub fn elsewhere(&self, (shard, by): Part) -> Vec<usize> {
        let in_debt = self.limit.is_some() && self.room() < 0;
        let mut others = if by < 0 && in_debt { Vec::new() } else { self.that_take(by) };
        others.retain(|other| *other != shard);
        others
    }

    /// Returns the shards to which to give `n` back: first a shard with negative quota, then `start` for the rest.
    ///
    /// ```
    /// # use domain::quota::Quota;
    /// let mut quota = Quota { limit: Some(5), ..Quota::default() };
    /// quota.shards[0].room = -2;
    /// assert_eq!(quota.give(3, 7), [(0, 2), (7, 1)]);
    /// ```
    pub fn give(&self, n: i64, start: usize) -> Vec<Part> {
        let start = start % SHARDS;
        let mut missing = n;
        let mut parts = Vec::new();
        for (shard, debt) in self.shards.iter().map(|shard| -shard.room).enumerate() {
            let part = debt.min(missing);
            if self.limit.is_some() && part > 0 {
                parts.push((shard, part));
                missing -= part;
            }
        }
        match parts.iter_mut().find(|(shard, _)| *shard == start) {
            _ if missing == 0 => {}
            Some((_, part)) => *part += missing,
            None => parts.push((start, missing)),
        }
        parts
    }

    /// Returns the parts of the quota for all shards under a new limit.
    pub fn rooms(&self, limit: u64) -> [i64; SHARDS] {
        let shards = SHARDS as i64;
        let left = self.left_under(limit);
        let mut rooms = [0; SHARDS];
        if left <= 0 {
            rooms[0] = left;
            return rooms;
        }
        for (shard, room) in rooms.iter_mut().enumerate() {
            *room = left / shards + i64::from((shard as i64) < left % shards);
        }
        rooms
    }
}
