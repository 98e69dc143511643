//! A counter with an optional limit, spread over shards so that no single item is written by every use.
//!
//! Each shard counts what happened on it. Under a limit each also has *room*: what may still happen on it. The rooms of
//! all shards always sum to the limit less the counts, so what is taken from a shard with room never passes the limit,
//! and only when all are empty is the limit reached. Where a limit is set below what was counted already, the first shard
//! holds the debt as negative room and the others nothing, until what is given back has paid it.

/// How many shards a counter has, and the most that a tally has. It is part of what is stored: 16, but in a build with
/// `YOUHUI_SHARDS`, which is for `measure contention` over a store of its own.
pub const SHARDS: usize = match option_env!("YOUHUI_SHARDS") {
    None => 16,
    Some(digits) => match usize::from_str_radix(digits, 10) {
        Ok(shards @ 1..=64) => shards,
        _ => panic!("YOUHUI_SHARDS is no number from 1 to 64"),
    },
};

/// One shard. Its count may be negative: what happened on another may be given back here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shard {
    /// What happened here.
    pub count: i64,
    /// What may still happen here, under a limit.
    pub room: i64,
}

/// A counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The most that may be counted; `None` is no limit.
    pub limit: Option<u64>,
    /// Its shards.
    pub shards: [Shard; SHARDS],
}

impl Default for Quota {
    fn default() -> Self {
        Self { limit: None, shards: [Shard::default(); SHARDS] }
    }
}

/// A change of one shard: which, and by how much.
pub type Part = (usize, i64);

impl Quota {
    /// What is counted in all.
    pub fn count(&self) -> i64 {
        self.shards.iter().map(|shard| shard.count).sum()
    }

    /// What may still be counted; `None` without a limit, 0 where there is a debt.
    pub fn left(&self) -> Option<u64> {
        self.limit.map(|_| u64::try_from(self.room()).unwrap_or(0))
    }

    /// Whether the rooms sum to what the limit leaves, as they always do. That holds of each shard by itself, so that it
    /// can be told of shards that were not read at one moment.
    pub fn is_balanced(&self) -> bool {
        self.limit.is_none_or(|limit| self.room() == self.left_under(limit))
    }

    /// What may still be counted; below 0 is a debt. Without a limit it says nothing.
    pub fn room(&self) -> i64 {
        self.shards.iter().map(|shard| shard.room).sum()
    }

    /// What a limit leaves; below 0 where more is counted already.
    pub fn left_under(&self, limit: u64) -> i64 {
        i64::try_from(limit).unwrap_or(i64::MAX).saturating_sub(self.count())
    }

    /// From which shards to take `n`; `None` where there is not so much room. Of several that have room enough `draw`
    /// picks one: whoever takes the last places is spread over all shards that have any.
    ///
    /// ```
    /// # use shared::domain::quota::{Quota, Shard};
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
        // As few shards as possible, so that the transaction stays small.
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

    /// The shards that have room for `n`; all without a limit.
    fn that_take(&self, n: i64) -> Vec<usize> {
        (0..SHARDS).filter(|shard| self.limit.is_none() || self.shards[*shard].room >= n).collect()
    }

    /// Where a part that is counted alone, or given back where it is negative, may be counted just as well. None where it
    /// pays a debt.
    ///
    /// ```
    /// # use shared::domain::quota::Quota;
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

    /// To which shards to give `n` back: to the one in debt first, and what is left to `start`.
    ///
    /// ```
    /// # use shared::domain::quota::Quota;
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

    /// The rooms of the shards under a new limit.
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
