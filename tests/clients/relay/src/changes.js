import { graphql } from 'relay-runtime';

// A mutation whose result the store takes over, and which adds an edge to the list.
graphql`
  mutation changesWriteNoteMutation($input: NoteWriteInput!, $connections: [ID!]!) {
    noteWrite(input: $input) {
      note @appendNode(connections: $connections, edgeTypeName: "NoteEdge") {
        id
        text
        contacts {
          id
          nextExpiry
        }
      }
      position
      userErrors {
        __typename
        code
        message
        field
        ... on StaleVersion {
          currentVersion
        }
      }
    }
  }
`;

graphql`
  mutation changesImportMutation($input: ImportInput!) {
    contactsImport(input: $input) {
      operation {
        id
        status
      }
    }
  }
`;

graphql`
  subscription changesSubscription($after: Position) {
    changes(after: $after) {
      position
      event {
        id
        type
      }
      node {
        id
        ...ContactCard_contact @alias(as: "card")
      }
    }
  }
`;
