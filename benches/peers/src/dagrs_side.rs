//! The work on dagrs: a graph of no-op nodes. Building the graph is left out of the time, which favours dagrs:
//! the others make their steps while they run.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dagrs::{Action, DefaultNode, EnvVar, Graph, InChannels, Node, NodeTable, OutChannels, Output};

use super::Result;

struct NoOp;

#[dagrs::async_trait::async_trait]
impl Action for NoOp {
    async fn run(&self, _: &mut InChannels, _: &mut OutChannels, _: Arc<EnvVar>) -> Output {
        Output::empty()
    }
}

async fn graph(nodes: u64, chained: bool) -> Result<Duration> {
    let (mut table, mut graph, mut ids) = (NodeTable::new(), Graph::new(), Vec::new());
    for n in 0..nodes {
        let node = DefaultNode::with_action(format!("n{n}"), NoOp, &mut table);
        ids.push(node.id());
        graph.add_node(node)?;
    }
    if chained {
        for pair in ids.windows(2) {
            graph.add_edge(pair[0], vec![pair[1]])?;
        }
    }
    let start = Instant::now();
    graph.async_start().await?;
    Ok(start.elapsed())
}

async fn graphs(nodes: u64, per_graph: u64, chained: bool) -> Result<Duration> {
    let mut took = Duration::ZERO;
    for _ in 0..nodes / per_graph {
        took += graph(per_graph, chained).await?;
    }
    Ok(took)
}

pub(super) async fn chain(nodes: u64, per_graph: u64) -> Result<Duration> {
    graphs(nodes, per_graph, true).await
}

pub(super) async fn fan_out(nodes: u64, per_graph: u64) -> Result<Duration> {
    graphs(nodes, per_graph, false).await
}
