//! Minimum cut on a grid of 8 neighbours by two growing search trees (Boykov and Kolmogorov 2004).

use std::collections::VecDeque;

/// Steps to the neighbours; the opposite of a direction differs in its lowest bit.
pub(super) const DIRECTIONS: [(isize, isize); 8] = [
    (1, 0),
    (-1, 0),
    (0, 1),
    (0, -1),
    (1, 1),
    (-1, -1),
    (-1, 1),
    (1, -1),
];

/// Which search tree a node belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tree {
    Free,
    Source,
    Sink,
}

/// How a node of a tree is held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    /// By its own terminal.
    Terminal,
    /// By the neighbour in this direction.
    Neighbour(u8),
    /// By nothing at the moment.
    Orphan,
}

/// A path between the trees: from a node of the source tree in a direction to a node of the sink tree.
struct Bridge {
    from: usize,
    direction: usize,
    to: usize,
}

/// A flow network of nodes with up to 8 neighbours, a source and a sink. Capacities are whole numbers.
pub(super) struct Flow {
    neighbours: Vec<[u32; 8]>,
    /// Capacity that is left towards each neighbour.
    left: Vec<[i32; 8]>,
    /// Capacity that is left from the source (positive) or to the sink (negative).
    terminal: Vec<i32>,
    tree: Vec<Tree>,
    parent: Vec<Parent>,
    /// Search round in which the distance to the terminal was known to be right.
    stamp: Vec<u32>,
    distance: Vec<u32>,
    active: VecDeque<u32>,
    is_active: Vec<bool>,
    orphans: VecDeque<u32>,
    round: u32,
}

impl Flow {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            // Missing neighbours are one more node without any capacity.
            neighbours: vec![[nodes as u32; 8]; nodes],
            left: vec![[0; 8]; nodes + 1],
            terminal: vec![0; nodes],
            tree: vec![Tree::Free; nodes],
            parent: vec![Parent::Orphan; nodes],
            stamp: vec![0; nodes],
            distance: vec![0; nodes],
            active: VecDeque::new(),
            is_active: vec![false; nodes],
            orphans: VecDeque::new(),
            round: 0,
        }
    }

    /// Gives the link from a node to its neighbour a capacity; call it for both ends.
    pub(super) fn link(&mut self, node: usize, direction: usize, neighbour: usize, capacity: i32) {
        self.neighbours[node][direction] = neighbour as u32;
        self.left[node][direction] = capacity;
    }

    /// Adds capacity from the source (negative: to the sink); flow that was found before stays valid.
    pub(super) fn add_source(&mut self, node: usize, capacity: i32) {
        self.terminal[node] += capacity;
    }

    /// Tells whether a node is on the source side of the minimum cut; nodes that may be on either side are not.
    pub(super) fn is_source_side(&self, node: usize) -> bool {
        self.tree[node] == Tree::Source
    }

    /// Pushes as much flow as possible.
    pub(super) fn run(&mut self) {
        self.plant_trees();
        while let Some(node) = self.active.pop_front() {
            let node = node as usize;
            self.is_active[node] = false;
            // The node stays in work as long as it belongs to a tree and finds bridges.
            while let Some(bridge) = self.grow(node) {
                self.round += 1;
                self.augment(&bridge);
                while let Some(orphan) = self.orphans.pop_front() {
                    self.adopt(orphan as usize);
                }
            }
        }
    }

    fn plant_trees(&mut self) {
        self.round = 0;
        self.active.clear();
        for node in 0..self.terminal.len() {
            let capacity = self.terminal[node];
            (self.stamp[node], self.distance[node]) = (0, 1);
            self.is_active[node] = false;
            if capacity == 0 {
                (self.tree[node], self.parent[node]) = (Tree::Free, Parent::Orphan);
                continue;
            }
            self.tree[node] = if capacity > 0 {
                Tree::Source
            } else {
                Tree::Sink
            };
            self.parent[node] = Parent::Terminal;
            self.activate(node);
        }
    }

    fn activate(&mut self, node: usize) {
        if !self.is_active[node] {
            self.is_active[node] = true;
            self.active.push_back(node as u32);
        }
    }

    /// Capacity left between a node and a neighbour in the direction in which its tree carries flow, away from the root.
    fn left_outwards(&self, node: usize, direction: usize, tree: Tree) -> i32 {
        if tree == Tree::Source {
            return self.left[node][direction];
        }
        self.left[self.neighbours[node][direction] as usize][direction ^ 1]
    }

    /// Capacity left between a node and a neighbour in the direction towards the node, as its tree carries flow.
    fn left_inwards(&self, node: usize, direction: usize, tree: Tree) -> i32 {
        if tree == Tree::Sink {
            return self.left[node][direction];
        }
        self.left[self.neighbours[node][direction] as usize][direction ^ 1]
    }

    /// Takes free neighbours into the tree of a node until a neighbour belongs to the other tree.
    fn grow(&mut self, node: usize) -> Option<Bridge> {
        let tree = self.tree[node];
        if tree == Tree::Free {
            return None;
        }
        for direction in 0..8 {
            if self.left_outwards(node, direction, tree) <= 0 {
                continue;
            }
            let other = self.neighbours[node][direction] as usize;
            if self.tree[other] == Tree::Free {
                self.tree[other] = tree;
                self.hold(other, direction ^ 1, node);
                self.activate(other);
            } else if self.tree[other] != tree {
                return Some(if tree == Tree::Source {
                    Bridge {
                        from: node,
                        direction,
                        to: other,
                    }
                } else {
                    Bridge {
                        from: other,
                        direction: direction ^ 1,
                        to: node,
                    }
                });
            } else if self.stamp[other] <= self.stamp[node]
                && self.distance[other] > self.distance[node]
            {
                // Shorter ways to the terminal keep later paths short.
                self.hold(other, direction ^ 1, node);
            }
        }
        None
    }

    /// Hangs a node on a neighbour.
    fn hold(&mut self, node: usize, direction: usize, parent: usize) {
        self.parent[node] = Parent::Neighbour(direction as u8);
        self.stamp[node] = self.stamp[parent];
        self.distance[node] = self.distance[parent] + 1;
    }

    /// Pushes flow from the source over a bridge to the sink; links that are full leave orphans.
    fn augment(&mut self, bridge: &Bridge) {
        let amount = self.left[bridge.from][bridge.direction]
            .min(self.room_to_root(bridge.from))
            .min(self.room_to_root(bridge.to));
        self.left[bridge.from][bridge.direction] -= amount;
        self.left[bridge.to][bridge.direction ^ 1] += amount;
        self.push_to_root(bridge.from, amount);
        self.push_to_root(bridge.to, amount);
    }

    /// Smallest capacity left on the way between a node and its terminal.
    fn room_to_root(&self, mut node: usize) -> i32 {
        let tree = self.tree[node];
        let mut room = i32::MAX;
        while let Parent::Neighbour(direction) = self.parent[node] {
            room = room.min(self.left_inwards(node, usize::from(direction), tree));
            node = self.neighbours[node][usize::from(direction)] as usize;
        }
        room.min(self.terminal[node].abs())
    }

    fn push_to_root(&mut self, mut node: usize, amount: i32) {
        let tree = self.tree[node];
        while let Parent::Neighbour(direction) = self.parent[node] {
            let direction = usize::from(direction);
            let next = self.neighbours[node][direction] as usize;
            let (giver, taker) = if tree == Tree::Source {
                ((next, direction ^ 1), (node, direction))
            } else {
                ((node, direction), (next, direction ^ 1))
            };
            self.left[giver.0][giver.1] -= amount;
            self.left[taker.0][taker.1] += amount;
            if self.left[giver.0][giver.1] == 0 {
                self.abandon_first(node);
            }
            node = next;
        }
        self.terminal[node] -= if tree == Tree::Source {
            amount
        } else {
            -amount
        };
        if self.terminal[node] == 0 {
            self.abandon_first(node);
        }
    }

    fn abandon_first(&mut self, node: usize) {
        self.parent[node] = Parent::Orphan;
        self.orphans.push_front(node as u32);
    }

    /// Finds a new parent for an orphan in its tree, or sets it free.
    fn adopt(&mut self, node: usize) {
        let tree = self.tree[node];
        let mut best: Option<(usize, u32)> = None;
        for direction in 0..8 {
            if self.left_inwards(node, direction, tree) <= 0 {
                continue;
            }
            let other = self.neighbours[node][direction] as usize;
            if self.tree[other] != tree {
                continue;
            }
            if let Some(distance) = self.distance_to_terminal(other)
                && best.is_none_or(|(_, shortest)| distance < shortest)
            {
                best = Some((direction, distance));
            }
        }
        if let Some((direction, distance)) = best {
            self.parent[node] = Parent::Neighbour(direction as u8);
            self.stamp[node] = self.round;
            self.distance[node] = distance + 1;
            return;
        }
        self.set_free(node, tree);
    }

    /// Number of links between a node and its terminal, nothing when the way ends at an orphan.
    ///
    /// Nodes on the way are stamped, so that the next walk ends there.
    fn distance_to_terminal(&mut self, start: usize) -> Option<u32> {
        let (mut node, mut steps) = (start, 0);
        let distance = loop {
            if self.stamp[node] == self.round {
                break steps + self.distance[node];
            }
            steps += 1;
            match self.parent[node] {
                Parent::Terminal => {
                    (self.stamp[node], self.distance[node]) = (self.round, 1);
                    break steps;
                }
                Parent::Neighbour(direction) => {
                    node = self.neighbours[node][usize::from(direction)] as usize;
                }
                Parent::Orphan => return None,
            }
        };
        let (mut node, mut rest) = (start, distance);
        while self.stamp[node] != self.round {
            (self.stamp[node], self.distance[node]) = (self.round, rest);
            rest -= 1;
            let Parent::Neighbour(direction) = self.parent[node] else {
                break;
            };
            node = self.neighbours[node][usize::from(direction)] as usize;
        }
        Some(distance)
    }

    /// Takes a node out of its tree; its children become orphans, possible parents are looked at again.
    fn set_free(&mut self, node: usize, tree: Tree) {
        for direction in 0..8 {
            let other = self.neighbours[node][direction] as usize;
            if self.tree.get(other) != Some(&tree) {
                continue;
            }
            if self.left_inwards(node, direction, tree) > 0 {
                self.activate(other);
            }
            if self.parent[other] == Parent::Neighbour(direction as u8 ^ 1) {
                self.parent[other] = Parent::Orphan;
                self.orphans.push_back(other as u32);
            }
        }
        self.tree[node] = Tree::Free;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::random::XorShift;
    use super::*;

    /// A grid with random capacities, kept for checking.
    struct Case {
        width: usize,
        terminal: Vec<i32>,
        links: Vec<(usize, usize, usize, i32)>,
    }

    impl Case {
        fn random(width: usize, height: usize, seed: u64) -> Self {
            let mut random = XorShift::new(seed);
            let mut draw = |limit: i32| (random.uniform() * limit as f32) as i32;
            let terminal = (0..width * height).map(|_| draw(41) - 20).collect();
            let mut links = Vec::new();
            for y in 0..height as isize {
                for x in 0..width as isize {
                    for (direction, (dx, dy)) in DIRECTIONS.into_iter().enumerate() {
                        let (nx, ny) = (x + dx, y + dy);
                        if nx >= 0 && ny >= 0 && nx < width as isize && ny < height as isize {
                            let node = y as usize * width + x as usize;
                            links.push((
                                node,
                                direction,
                                ny as usize * width + nx as usize,
                                draw(9),
                            ));
                        }
                    }
                }
            }
            Self {
                width,
                terminal,
                links,
            }
        }

        fn flow(&self) -> Flow {
            let mut flow = Flow::new(self.terminal.len());
            for &(node, direction, other, capacity) in &self.links {
                flow.link(node, direction, other, capacity);
            }
            for (node, &capacity) in self.terminal.iter().enumerate() {
                flow.add_source(node, capacity);
            }
            flow
        }

        /// Capacity of all links from the source side to the sink side.
        fn price(&self, is_source: impl Fn(usize) -> bool) -> i64 {
            let terminals = self.terminal.iter().enumerate().map(|(node, &capacity)| {
                let cut = if is_source(node) { -capacity } else { capacity };
                i64::from(cut.max(0))
            });
            let links = self
                .links
                .iter()
                .filter(|link| is_source(link.0) && !is_source(link.2));
            terminals.sum::<i64>() + links.map(|link| i64::from(link.3)).sum::<i64>()
        }
    }

    #[test]
    fn the_cut_is_the_cheapest_of_all() {
        for seed in 0..40 {
            let case = Case::random(4, 3, seed);
            let mut flow = case.flow();
            flow.run();
            let best = (0..1_u32 << 12)
                .map(|bits| case.price(|node| bits >> node & 1 == 1))
                .min();
            assert_eq!(
                Some(case.price(|node| flow.is_source_side(node))),
                best,
                "seed {seed}"
            );
        }
    }

    /// Maximum flow by shortest augmenting paths (Edmonds and Karp), as a second opinion.
    fn slow_max_flow(case: &Case) -> i64 {
        let (source, sink) = (case.terminal.len(), case.terminal.len() + 1);
        let mut left = vec![std::collections::BTreeMap::<usize, i64>::new(); sink + 1];
        let mut add = |from: usize, to: usize, capacity: i32| {
            *left[from].entry(to).or_default() += i64::from(capacity);
            left[to].entry(from).or_default();
        };
        for (node, &capacity) in case.terminal.iter().enumerate() {
            if capacity > 0 {
                add(source, node, capacity);
            } else {
                add(node, sink, -capacity);
            }
        }
        case.links
            .iter()
            .for_each(|link| add(link.0, link.2, link.3));
        let mut total = 0;
        loop {
            let mut came_from = vec![usize::MAX; sink + 1];
            let mut queue = VecDeque::from([source]);
            while let Some(node) = queue.pop_front() {
                for (&next, _) in left[node].iter().filter(|(_, capacity)| **capacity > 0) {
                    if came_from[next] == usize::MAX && next != source {
                        came_from[next] = node;
                        queue.push_back(next);
                    }
                }
            }
            if came_from[sink] == usize::MAX {
                return total;
            }
            let mut path = vec![sink];
            while path[path.len() - 1] != source {
                path.push(came_from[path[path.len() - 1]]);
            }
            let amount = path
                .windows(2)
                .map(|pair| left[pair[1]][&pair[0]])
                .min()
                .unwrap_or(0);
            for pair in path.windows(2) {
                *left[pair[1]].entry(pair[0]).or_default() -= amount;
                *left[pair[0]].entry(pair[1]).or_default() += amount;
            }
            total += amount;
        }
    }

    #[test]
    fn larger_cuts_equal_the_largest_flow() {
        for (width, height, seed) in [(12, 9, 1), (20, 15, 2), (7, 30, 3)] {
            let case = Case::random(width, height, seed);
            let mut flow = case.flow();
            flow.run();
            assert_eq!(
                case.price(|node| flow.is_source_side(node)),
                slow_max_flow(&case)
            );
        }
    }

    #[test]
    fn a_second_run_with_new_evidence_equals_a_fresh_one() {
        let mut case = Case::random(15, 12, 9);
        let mut warm = case.flow();
        warm.run();
        let mut random = XorShift::new(77);
        for node in 0..case.terminal.len() {
            let change = (random.uniform() * 31.0) as i32 - 15;
            case.terminal[node] += change;
            warm.add_source(node, change);
        }
        warm.run();
        let mut fresh = case.flow();
        fresh.run();
        assert_eq!(
            case.price(|node| warm.is_source_side(node)),
            case.price(|node| fresh.is_source_side(node))
        );
        assert_eq!(case.width, 15);
    }
}
