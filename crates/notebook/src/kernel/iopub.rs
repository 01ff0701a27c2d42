//! The kernel's broadcasts, read without ever making the kernel wait.

use std::io;
use tokio::sync::{mpsc, oneshot};
use zeromq::{Socket, SocketRecv, SubSocket, ZmqError, ZmqMessage};

/// Reads IOPub on a thread of its own, which does nothing else, not even parse: however busy the executor is (a save, a
/// slow consumer), the kernel's queue of 1,000 messages never fills, so nothing is dropped. Ends when the receiver is dropped.
pub(super) async fn drain(url: String) -> io::Result<mpsc::UnboundedReceiver<ZmqMessage>> {
    let (messages, receiver) = mpsc::unbounded_channel();
    let (connected, connection) = oneshot::channel();
    std::thread::Builder::new()
        .name("iopub".to_owned())
        .spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            {
                Ok(runtime) => runtime,
                Err(error) => return drop(connected.send(Err(error))),
            };
            runtime.block_on(async {
                let mut socket = SubSocket::new();
                let subscribed = async {
                    socket.subscribe("").await?;
                    socket.connect(&url).await
                };
                if let Err(error) = subscribed.await {
                    return drop(connected.send(Err(io::Error::other(error))));
                }
                if connected.send(Ok(())).is_err() {
                    return;
                }
                loop {
                    let received = tokio::select! {
                        received = socket.recv() => received,
                        () = messages.closed() => return,
                    };
                    match received {
                        Ok(frames) => drop(messages.send(frames)),
                        Err(ZmqError::NoMessage) => tokio::task::yield_now().await,
                        // The kernel has closed its end; the socket would try to reconnect for ever.
                        Err(_) => return,
                    }
                }
            });
        })?;
    match connection.await {
        Ok(Ok(())) => Ok(receiver),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::other("the IOPub thread ended")),
    }
}
