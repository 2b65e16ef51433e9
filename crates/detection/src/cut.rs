//! The minimum cut of a grid.

/// The least cut between a source and a sink that splits a grid of voxels in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Sum of the capacities that are cut: the largest flow.
    pub value: i64,
    /// Voxels that stay with the source: those that it still reaches, the smallest such set.
    pub with_source: Vec<bool>,
}

/// Capacities of a grid; all at least 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridCapacities {
    /// Voxels along the axes; the first runs fastest.
    pub size: [usize; 3],
    /// Between the source and each voxel: what it costs to part the voxel from the source.
    pub to_source: Vec<i64>,
    /// Between each voxel and the sink.
    pub to_sink: Vec<i64>,
    /// For each axis, between each voxel and the next one along it, in both directions; the last voxels' are not used.
    pub between: [Vec<i64>; 3],
}

/// No level: not reached.
const FAR: u32 = u32::MAX;

/// The minimum cut of a grid with six neighbours, by Dinic's algorithm (Soviet Math Dokl 1970;11:1277) with whole numbers, so that it is exact and
/// always ends. `scipy.sparse.csgraph.maximum_flow` gives the same value and the same side of the cut (`tests/cut.rs`).
///
/// Our own, because the graph crates at hand store every edge as a node list of its own, some ten times the memory of a grid.
///
/// `None` when the numbers do not fit the size, or one is negative.
pub fn minimum_cut(capacities: &GridCapacities) -> Option<Cut> {
    let count = capacities
        .size
        .iter()
        .try_fold(1usize, |n, &s| n.checked_mul(s))?;
    let GridCapacities {
        size,
        to_source,
        to_sink,
        between,
    } = capacities;
    let [x, y, z] = between;
    let lists = [to_source, to_sink, x, y, z];
    let fit = lists
        .iter()
        .all(|list| list.len() == count && list.iter().all(|&c| c >= 0));
    // Sums must not overflow.
    let total = lists
        .iter()
        .flat_map(|list| list.iter())
        .try_fold(0i64, |n, &c| n.checked_add(c));
    if !fit || total.is_none_or(|t| t > i64::MAX / 4) {
        return None;
    }
    let mut flow = Flow::new(*size, to_source, to_sink, between);
    while let Some(sink_level) = flow.levels() {
        flow.saturate(sink_level);
    }
    Some(Cut {
        value: flow.value,
        with_source: flow.level.iter().map(|&level| level != FAR).collect(),
    })
}

/// What is left of the capacities.
struct Flow {
    size: [usize; 3],
    source: Vec<i64>,
    sink: Vec<i64>,
    /// To the next and to the last voxel along each axis.
    arcs: [Vec<i64>; 6],
    value: i64,
    level: Vec<u32>,
    /// The arc of each voxel that is tried next.
    next: Vec<u8>,
}

impl Flow {
    fn new(size: [usize; 3], to_source: &[i64], to_sink: &[i64], between: &[Vec<i64>; 3]) -> Self {
        let count = to_source.len();
        let mut flow = Self {
            size,
            source: to_source.to_vec(),
            sink: to_sink.to_vec(),
            arcs: std::array::from_fn(|_| vec![0; count]),
            value: 0,
            level: vec![FAR; count],
            next: vec![0; count],
        };
        for at in 0..count {
            // What source and sink both want flows through at once.
            let through = flow.source[at].min(flow.sink[at]);
            flow.value += through;
            flow.source[at] -= through;
            flow.sink[at] -= through;
            for (axis, links) in between.iter().enumerate() {
                if let Some(other) = flow.neighbour(at, 2 * axis) {
                    flow.arcs[2 * axis][at] = links[at];
                    flow.arcs[2 * axis + 1][other] = links[at];
                }
            }
        }
        flow
    }

    /// The voxel that an arc leads to: even arcs go on along an axis, odd ones back.
    fn neighbour(&self, at: usize, arc: usize) -> Option<usize> {
        let [ni, nj, nk] = self.size;
        let (place, length, stride) = match arc / 2 {
            0 => (at % ni, ni, 1),
            1 => (at / ni % nj, nj, ni),
            _ => (at / (ni * nj), nk, ni * nj),
        };
        if arc.is_multiple_of(2) {
            (place + 1 < length).then(|| at + stride)
        } else {
            (place > 0).then(|| at - stride)
        }
    }

    /// Steps of every voxel from the source; the level from which the sink is reached first, when it is.
    fn levels(&mut self) -> Option<u32> {
        self.level.fill(FAR);
        self.next.fill(0);
        let mut open: Vec<usize> = (0..self.level.len())
            .filter(|&at| self.source[at] > 0)
            .collect();
        for &at in &open {
            self.level[at] = 0;
        }
        let mut found = None;
        let mut done = 0;
        while let Some(&at) = open.get(done) {
            done += 1;
            if self.sink[at] > 0 && found.is_none() {
                found = Some(self.level[at]);
            }
            for arc in 0..6 {
                if self.arcs[arc][at] > 0
                    && let Some(other) = self.neighbour(at, arc)
                    && self.level[other] == FAR
                {
                    self.level[other] = self.level[at] + 1;
                    open.push(other);
                }
            }
        }
        found
    }

    /// Sends flow along all shortest ways to the sink.
    fn saturate(&mut self, sink_level: u32) {
        for start in 0..self.level.len() {
            if self.level[start] != 0 {
                continue;
            }
            // Voxels of the way and the arcs between them.
            let (mut way, mut arcs) = (vec![start], Vec::<usize>::new());
            while self.source[start] > 0 {
                let Some(&at) = way.last() else { break };
                if self.sink[at] > 0 {
                    let most = way.iter().zip(&arcs).map(|(&v, &arc)| self.arcs[arc][v]);
                    let sent = most.fold(self.source[start].min(self.sink[at]), i64::min);
                    self.value += sent;
                    self.source[start] -= sent;
                    self.sink[at] -= sent;
                    let mut keep = way.len();
                    for (n, &arc) in arcs.iter().enumerate() {
                        let (from, to) = (way[n], way[n + 1]);
                        self.arcs[arc][from] -= sent;
                        self.arcs[arc ^ 1][to] += sent;
                        if self.arcs[arc][from] == 0 {
                            keep = keep.min(n + 1);
                        }
                    }
                    way.truncate(keep);
                    arcs.truncate(keep - 1);
                    continue;
                }
                match self.onward(at, sink_level) {
                    Some((arc, other)) => {
                        way.push(other);
                        arcs.push(arc);
                    }
                    None => {
                        // A dead end for the rest of this round.
                        self.level[at] = FAR;
                        way.pop();
                        arcs.pop();
                    }
                }
            }
        }
    }

    /// The next arc that leads one level on.
    fn onward(&mut self, at: usize, sink_level: u32) -> Option<(usize, usize)> {
        if self.level[at] >= sink_level {
            return None;
        }
        while self.next[at] < 6 {
            let arc = usize::from(self.next[at]);
            if self.arcs[arc][at] > 0
                && let Some(other) = self.neighbour(at, arc)
                && self.level[other] == self.level[at] + 1
            {
                return Some((arc, other));
            }
            self.next[at] += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of three voxels: the weakest of the links is cut.
    #[test]
    fn the_weakest_link_is_cut() {
        let row = GridCapacities {
            size: [3, 1, 1],
            to_source: vec![9, 0, 0],
            to_sink: vec![1, 0, 7],
            between: [vec![4, 3, 0], vec![0; 3], vec![0; 3]],
        };
        let cut = minimum_cut(&row).unwrap();
        assert_eq!(cut.value, 4);
        assert_eq!(cut.with_source, [true, true, false]);
        let negative = GridCapacities {
            to_sink: vec![1, 0, -7],
            ..row.clone()
        };
        assert_eq!(minimum_cut(&negative), None);
        let short = GridCapacities {
            to_sink: vec![1],
            ..row.clone()
        };
        assert_eq!(minimum_cut(&short), None);
        let huge = GridCapacities {
            to_source: vec![i64::MAX; 3],
            ..row
        };
        assert_eq!(minimum_cut(&huge), None);
    }
}
